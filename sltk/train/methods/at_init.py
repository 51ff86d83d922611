"""Pruning before training, by SNIP, SynFlow or chance, then one training."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from sltk.core.errors import SltkError
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.pruning.scores import Score, magnitude, random, snip, synflow
from sltk.train.setup import Setup

InitialScore = Literal["snip", "synflow", "random", "magnitude"]
SCORES: dict[str, Score] = {"snip": snip, "synflow": synflow, "random": random, "magnitude": magnitude}
ROUNDS = {"synflow": 100}  # one shot of SynFlow loses whole layers; in many small steps it does not


@dataclass(frozen=True)
class AtInit(TrainingMethod):
    """``n x [Prune] + [Train]``.

    Args:
        density: kept fraction.
        score: of the initial coefficients.
        scope: over which they compete.

    Raises:
        SltkError: an unknown score.
    """

    name: ClassVar[str] = "at-init"
    score: InitialScore = "snip"
    scope: Scope = GLOBAL

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.score not in SCORES:
            raise SltkError(f"score must be one of {', '.join(SCORES)}, but got {self.score!r}.")

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Prune, train."""
        recipe, steps = setup.timed(rows)
        densities = to_density(self.density, ROUNDS.get(self.score, 1))
        prunes = [Prune(density, SCORES[self.score], self.scope) for density in densities]
        return [*prunes, Train(steps, recipe, augment=setup.augment), Measure("final")]
