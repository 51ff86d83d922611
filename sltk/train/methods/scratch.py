"""Scratch: a random mask from the start, trained as long as the method that it is held against."""

from dataclasses import dataclass
from typing import ClassVar

from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.scopes import LAYERWISE, Scope
from sltk.train.pruning.scores import random
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Scratch(TrainingMethod):
    """``[Prune(random), Train]``: give it the length of all trainings of a rival for a fair comparison.

    Args:
        density: kept fraction.
        scope: where the random mask is drawn.
    """

    name: ClassVar[str] = "scratch"
    scope: Scope = LAYERWISE

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Prune at random, train."""
        recipe, steps = setup.timed(rows)
        return [
            Prune(self.density, random, self.scope),
            Train(steps, recipe, augment=setup.augment),
            Measure("final"),
        ]
