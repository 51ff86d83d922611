"""Bernoulli gates: weights stay as they were drawn; the probability that each is kept is learned.

Source: Tsayag, Lindenbaum 2603.08914, of which the abstract and a summary could be read: relaxed Bernoulli gates on
frozen weights, trained end to end beside an L0 penalty. The gates here are clipped normal ones (Yamada et al.
1810.04247, remembered); the penalty draws the expected density to the one asked, and the likeliest gates are kept,
exact in count.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.loop.state import State
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.phases.base import Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.seek import Seek, Settle
from sltk.train.phases.train import Train
from sltk.train.pruning.relaxed_gates import DensityPenalty, GaussianGates, Noise, relaxed_tickets
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Bernoulli(EdgePopup):
    """``[Seek, Train(scores), Settle, Cut]``: no weight, no bias is trained.

    Args:
        density: kept fraction.
        law: of the weights; see ``sltk.train.pruning.search``.
        scope: per layer, or ``Scope("global")``.
        sigma: deviation of the gates' noise.
        strength: of the penalty on the expected density.

    Raises:
        SltkError: an unknown law, or numbers out of range.
    """

    name: ClassVar[str] = "bernoulli"
    sigma: float = 0.5
    strength: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.sigma > 0 and self.strength >= 0):
            raise SltkError(f"needs sigma > 0 and strength >= 0, but got {self.sigma} and {self.strength}.")

    def prepare(self, state: State) -> None:
        """Freeze everything, draw weights, and give each of them a gate to learn."""
        super().prepare(state)
        relaxed_tickets(state.replicas, GaussianGates(self.sigma))

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train gates, keep the likeliest, cut."""
        recipe, steps = setup.timed(rows)
        penalty = DensityPenalty(self.strength, self.density, self.scope)
        noise = Noise(tuple(setup.seeds))
        train = Train(steps, recipe, penalty=penalty, refresh=noise, augment=setup.augment)
        return [Seek(self.scope), train, Settle(self.density, self.scope), Cut(), Measure("final")]
