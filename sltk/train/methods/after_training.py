"""Magnitude after training: train dense, cut the smallest once, train on. With L1, sizes are shrunk meanwhile."""

from dataclasses import dataclass
from typing import ClassVar

from sltk.train.loop.penalties import L1
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.setup import Setup


@dataclass(frozen=True)
class AfterTraining(TrainingMethod):
    """``[Train, Prune, Cut, Train]``; under a penalty a second training before the cut has it.

    Args:
        density: kept fraction.
        l1: strength of the L1 penalty; 0 leaves out the training under it.
        scope: over which coefficients compete.
    """

    name: ClassVar[str] = "after-training"
    l1: float = 0.0
    scope: Scope = GLOBAL

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train, shrink, cut, train."""
        recipe, steps = setup.timed(rows)
        train = Train(steps, recipe, augment=setup.augment)
        shrunk = [Train(steps, recipe, penalty=L1(self.l1), augment=setup.augment)] if self.l1 else []
        cut = [Prune(self.density, scope=self.scope, soft=True), Cut(), Measure("cut")]
        return [train, Measure("dense"), *shrunk, *cut, train, Measure("final")]
