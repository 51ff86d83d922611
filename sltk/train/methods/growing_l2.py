"""Growing-L2 pruning: train, mark the smallest coefficients, push them to 0 by a growing penalty, cut, train.

Source: Wang et al. 2012.09243 (remembered).
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.train.loop.penalties import HALFWAY, GrowingL2, Ramp
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.setup import Setup


@dataclass(frozen=True)
class GrowingL2Pruning(TrainingMethod):
    """``[Train, Prune(magnitude, soft), Train(lambda), Cut, Train]``, of equal length each.

    Args:
        density: kept fraction.
        penalty: ``lambda(t)``; by default it reaches 1 after half of its training, which has a constant quarter of the
            rate.
        scope: over which coefficients compete.
    """

    name: ClassVar[str] = "growing-l2"
    penalty: GrowingL2 | Ramp = HALFWAY
    scope: Scope = GLOBAL

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train, mark, push, cut, train."""
        recipe, steps = setup.timed(rows)
        train = Train(steps, recipe, augment=setup.augment)
        slow, grown = recipe.flat(recipe.rate / 4), self.penalty.over(steps)
        push = Train(steps, slow, penalty=grown, augment=setup.augment)
        marked = [train, Measure("dense"), Prune(self.density, scope=self.scope, soft=True)]
        return [*marked, push, Cut(), Measure("cut"), train, Measure("final")]
