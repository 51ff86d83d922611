"""What all training methods share: data order, network, length, recipe, machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sltk.core.errors import SltkError
from sltk.core.report import Steps
from sltk.train.bases import basis_named
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.phases.train import Augment

RECIPE = TrainingRecipe(rate=0.2, momentum=0.9, decay=1e-4)


@dataclass(frozen=True)
class Setup:
    """How a method is run, whichever it is.

    Args:
        basis: of the coefficients; see ``sltk.train.bases``.
        seeds: one replica each, and one of each control.
        epochs: of every training.
        steps: of every training, in place of ``epochs``.
        recipe: default SGD at .2, momentum .9, decay 1e-4. Where it has no milestones, a cosine takes the rate to 0
            over each training.
        device: where it runs, as torch names it.
        augment: of the training batches, such as ``sltk.data.augment.CropFlip()``.
        report: called with (phases done, phases in all).
        levels: folder in which every measurement stores what the run is by then, to branch from; see
            ``sltk.train.levels``.
        checkpoint: folder that keeps the run, so that one that was stopped goes on; see ``sltk.train.resume``.
        shared: folder that keeps what runs in several bases have in common, so that it is trained once; see
            ``sltk.train.common_start``.

    Raises:
        SltkError: an unknown basis, no seed, or no length.
    """

    basis: str = "canonical"
    seeds: Sequence[int] = (0,)
    epochs: float = 20
    steps: int | None = None
    recipe: TrainingRecipe = RECIPE
    device: str = "cpu"
    augment: Augment | None = None
    report: Steps | None = None
    checkpoint: str | Path | None = None
    shared: str | Path | None = None
    levels: str | Path | None = None

    def __post_init__(self) -> None:
        basis_named(self.basis)
        if not self.seeds:
            raise SltkError("a run needs at least one seed; pass seeds=(0,).")
        if not self.epochs > 0 or (self.steps is not None and self.steps < 1):
            raise SltkError(
                f"a training needs epochs > 0, or steps >= 1, but got epochs={self.epochs}, steps={self.steps}."
            )

    def timed(self, rows: int, epochs: float | None = None) -> tuple[TrainingRecipe, int]:
        """The recipe with its cosine over one training, and the steps of that training.

        Args:
            rows: of the training part.
            epochs: of a training of another length than the others.
        """
        steps = self.steps
        if epochs is not None or steps is None:
            steps = max(1, round((self.epochs if epochs is None else epochs) * (rows // self.recipe.batch)))
        return self.recipe.over(steps), steps
