"""RigL: sparse from start to end; now and then the smallest weights go, and those of the largest gradient come.

Source: Evci et al. 1911.11134 (remembered): ERK densities, share ``alpha/2 (1 + cos(pi t / T_end))`` with
``alpha = .3``, every 100 steps, until three quarters of the training. Here for the coefficients of any basis.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.regrow import Regrow
from sltk.train.phases.train import Train
from sltk.train.pruning.regrow import share_at
from sltk.train.pruning.scopes import ERK, Scope
from sltk.train.pruning.scores import random
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Rigl(TrainingMethod):
    """``[Prune(random), Train] + n x [Regrow, Train]``, one training in all, cut where masks move.

    Args:
        density: kept fraction, at every step.
        every: steps between two exchanges.
        share: of the kept ones that goes at the first exchange, ``alpha``.
        until: share of the training after which masks stay.
        scope: how the density is spread; each layer keeps its count.

    Raises:
        SltkError: numbers out of range, or a training too short for one exchange.
    """

    name: ClassVar[str] = "rigl"
    by_gradient: ClassVar[bool] = True
    every: int = 100
    share: float = 0.3
    until: float = 0.75
    scope: Scope = ERK

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every < 1 or not 0.0 < self.share <= 1.0 or not 0.0 < self.until <= 1.0:
            raise SltkError(
                f"{self.name} needs every >= 1 and share and until in (0, 1], but got {self.every}, {self.share} and "
                f"{self.until}."
            )
        if self.scope.kind not in ("erk", "layerwise"):
            raise SltkError(f"{self.name} keeps the count of each layer; pass a scope that is erk or layerwise.")

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Prune at random, then train and exchange in turn."""
        recipe, steps = setup.timed(rows)
        last = int(self.until * steps)
        places = [*range(self.every, min(last, steps - 1) + 1, self.every)]
        if not places:
            raise SltkError(
                f"{self.name} exchanges coefficients every {self.every} steps until step {last} of {steps}, which is "
                "never; lower every, or train longer."
            )
        found: list[Phase] = [Prune(self.density, random, self.scope)]
        for begun, done in zip([0, *places], [*places, steps], strict=True):
            if begun:
                share = share_at(self.share, begun, max(1, last))
                found.append(Regrow(share, self.by_gradient, recipe.batch, self.scope))
            found.append(Train(done - begun, recipe, start=begun, fresh=not begun, augment=setup.augment))
        return [*found, Measure("final")]
