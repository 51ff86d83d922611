"""``Redraw`` writes frozen coefficients anew, where the gate is closed."""

from dataclasses import dataclass

import torch

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.loop.state import State
from sltk.train.pruning.search import WeightLaw, weights_of


@dataclass(frozen=True)
class Redraw:
    """Each closed coefficient is drawn anew with probability ``share``, from the law that it came from.

    From the streams ``(seed of the replica, "redraw", name, position)``.

    Args:
        share: in ``[0, 1]``.
        law: not ``own``, since a module does not say which law it came from.
        density: for which the law is scaled.

    Raises:
        SltkError: a share outside ``[0, 1]``, or the law ``own``.
    """

    share: float
    law: WeightLaw
    density: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise SltkError(f"share is of the closed coefficients, in [0, 1], but got {self.share}; pass 0.1.")
        if self.law == "own":
            raise SltkError("a redraw needs a law to draw from, signed-constant or kaiming, but got 'own'.")

    def run(self, state: State) -> None:
        """Draw; what is open stays."""
        for name, ticket in state.replicas.tickets.items():
            for index, seed in enumerate(state.replicas.seeds):
                generator = torch_stream(seed, "redraw", name, state.position)
                shape = ticket.mask.shape[1:]
                chosen = (torch.rand(shape, generator=generator) < self.share).to(ticket.mask.device)
                fresh = weights_of(self.law, tuple(shape), self.density, generator).to(ticket.coefficients)
                own = ticket.coefficients[index]
                ticket.coefficients[index] = torch.where(chosen & ~ticket.gate[index], fresh, own)
