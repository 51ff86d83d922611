"""Concrete ticket search: near the start of training, find by random gates which weights to train.

Source: Arora, Teuscher 2512.07142, of which the abstract and summaries could be read: a concrete relaxation of the mask
at weights near initialisation, the likeliest kept. Different here: the loss is the task's (theirs is also the reverse
Kullback-Leibler divergence to the dense network's outputs), a quadratic penalty draws the expected density to the one
asked (theirs balances gradients), and biases and norms go along while the mask is sought, and are rewound after it.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.loop.state import State
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.rewind import Anchor, Rewind
from sltk.train.phases.seek import Seek, Settle
from sltk.train.phases.train import Train
from sltk.train.pruning.relaxed_gates import ConcreteGates, DensityPenalty, Noise, relaxed_tickets
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Concrete(TrainingMethod):
    """``[Train(rewind), Anchor, Seek, Train(gates), Settle, Rewind, Train]``.

    Args:
        density: kept fraction.
        rewind: steps of dense training before the search.
        search_epochs: of the search.
        tau: temperature of the gates.
        strength: of the penalty on the expected density.
        scope: over which coefficients compete.

    Raises:
        SltkError: numbers out of range, or a rewind point that is not within the training.
    """

    name: ClassVar[str] = "concrete"
    rewind: int = 0
    search_epochs: float = 12
    tau: float = 0.5
    strength: float = 0.02
    scope: Scope = GLOBAL

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.rewind >= 0 and self.search_epochs > 0 and self.tau > 0 and self.strength >= 0):
            raise SltkError(
                f"needs rewind >= 0 steps, search_epochs > 0, tau > 0 and strength >= 0, but got {self.rewind}, "
                f"{self.search_epochs}, {self.tau} and {self.strength}."
            )

    def prepare(self, state: State) -> None:
        """Give each coefficient a gate to learn."""
        relaxed_tickets(state.replicas, ConcreteGates(self.tau))

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train a little, seek a mask, go back, train.

        Raises:
            SltkError: the rewind point is not within the training.
        """
        recipe, steps = setup.timed(rows)
        if self.rewind >= steps:
            raise SltkError(f"rewind={self.rewind} must lie within the training of {steps} steps.")
        searched, length = setup.timed(rows, self.search_epochs)
        penalty = DensityPenalty(self.strength, self.density, self.scope)
        noise = Noise(tuple(setup.seeds))
        first: list[Phase] = [Train(self.rewind, recipe, augment=setup.augment)] if self.rewind else []
        seek = Train(length, searched, penalty=penalty, refresh=noise, augment=setup.augment)
        last = Train(steps - self.rewind, recipe, start=self.rewind, augment=setup.augment)
        settle = Settle(self.density, self.scope)
        return [*first, Anchor(), Seek(self.scope), seek, settle, Rewind(), last, Measure("final")]
