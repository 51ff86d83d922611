"""Iterative hard thresholding: train all coefficients, keep the largest again and again; no rewind.

Between two thresholds every coefficient is open, so one that was dropped may come back. With ``low-rank`` it is the
projection onto matrices of low rank, with ``unit`` onto networks of few units.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Open, Prune
from sltk.train.phases.train import Train
from sltk.train.phases.zero import Zero
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Iht(TrainingMethod):
    """``n x [Open, Train, Prune, Zero]``, then a training inside the last mask.

    Args:
        density: kept fraction.
        thresholds: ``n``, over the length of one training.
        final_epochs: with the mask fixed.
        scope: over which coefficients compete.

    Raises:
        SltkError: no threshold.
    """

    name: ClassVar[str] = "iht"
    thresholds: int = 10
    final_epochs: float = 20
    scope: Scope = GLOBAL

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.thresholds < 1:
            raise SltkError(f"thresholds must be at least 1, but got {self.thresholds}.")

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Threshold again and again, cut, train."""
        recipe, steps = setup.timed(rows)
        _, final = setup.timed(rows, self.final_epochs)
        part = max(1, steps // self.thresholds)
        found: list[Phase] = []
        for n in range(self.thresholds):
            train = Train(part, recipe, start=n * part, augment=setup.augment)
            found += [Open(), train, Prune(self.density, scope=self.scope), Zero()]
        return [*found, Cut(), Measure("cut"), Train(final, recipe, augment=setup.augment), Measure("final")]
