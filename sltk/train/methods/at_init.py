"""Pruning before training, by SNIP, GraSP, SynFlow or chance, then one training."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from sltk.core.errors import SltkError
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.phases.under import Under
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.pruning.scores import Score, grasp, magnitude, random, snip, synflow
from sltk.train.setup import Setup

InitialScore = Literal["snip", "grasp", "synflow", "random", "magnitude"]
SCORES: dict[str, Score] = {"snip": snip, "grasp": grasp, "synflow": synflow, "random": random, "magnitude": magnitude}
ROUNDS = {"synflow": 100}  # one shot of SynFlow loses whole layers; in many small steps it does not


@dataclass(frozen=True)
class AtInit(TrainingMethod):
    """``n x [Prune] + [Train]``.

    Args:
        density: kept fraction.
        score: of the initial coefficients.
        scope: over which they compete.
        pruned_on: a corruption of the data that the scores see and the training does not, as a sanity check; see
            ``sltk.train.loop.corrupt``.

    Raises:
        SltkError: an unknown score or corruption.
    """

    name: ClassVar[str] = "at-init"
    score: InitialScore = "snip"
    scope: Scope = GLOBAL
    pruned_on: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.score not in SCORES:
            raise SltkError(f"score must be one of {', '.join(SCORES)}, but got {self.score!r}.")
        if self.pruned_on:
            Under(self.pruned_on, Prune(self.density))

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Prune, train."""
        recipe, steps = setup.timed(rows)
        densities = to_density(self.density, ROUNDS.get(self.score, 1))
        prunes = [Prune(density, SCORES[self.score], self.scope) for density in densities]
        asked: list[Phase] = [Under(self.pruned_on, prune) for prune in prunes] if self.pruned_on else [*prunes]
        return [*asked, Train(steps, recipe, augment=setup.augment), Measure("final")]
