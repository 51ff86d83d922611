"""``Regrow`` moves masks and gates: in every layer some coefficients go and as many come, which start at 0."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.loop.state import State
from sltk.train.pruning.regrow import exchanged, gradient_sizes, random_growth
from sltk.train.pruning.scopes import ERK, Scope
from sltk.train.pruning.scores import magnitude
from sltk.train.tickets.ticket import Ticket


@dataclass(frozen=True)
class Regrow:
    """Exchange a share of the kept coefficients of every layer that the scope covers; the counts stay.

    A coefficient that comes starts at 0, and the optimiser remembers nothing of it; one that goes and comes back at
    once keeps its value.

    Args:
        share: of the kept ones, rounded down.
        by_gradient: whether those come whose gradient is largest (RigL), or others at random (SET).
        batch: rows that the gradient is taken on.
        scope: which layers; those left dense have nothing to exchange.

    Raises:
        SltkError: a share outside ``[0, 1]``.
    """

    share: float
    by_gradient: bool = True
    batch: int = 64
    scope: Scope = ERK

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise SltkError(f"share is of the kept coefficients, in [0, 1], but got {self.share}; pass 0.3.")

    def run(self, state: State) -> None:
        """Write masks, gates, and zeros where a coefficient comes.

        Raises:
            SltkError: a basis whose coefficients go in groups.
        """
        every = state.replicas.tickets
        tickets = {name: every[name] for name in self.scope.covered(list(every))}
        if grouped := [name for name, ticket in tickets.items() if ticket.basis.groups]:
            raise SltkError(f"single coefficients come and go, but those of {grouped} go in groups.")
        sizes = magnitude(state, tickets)
        growth = gradient_sizes(state, tickets, self.batch) if self.by_gradient else random_growth(state, tickets)
        for name, ticket in tickets.items():
            _exchange(state, ticket, sizes[name], growth[name], self.share)


def _exchange(state: State, ticket: Ticket, sizes: Tensor, growth: Tensor, share: float) -> None:
    new = exchanged(ticket.mask.flatten(1), sizes.flatten(1), growth.flatten(1), share).view_as(ticket.mask)
    come = new & ~ticket.mask
    with torch.no_grad():
        ticket.coefficients.masked_fill_(come, 0.0)
        held = {} if state.optimiser is None else state.optimiser.state.get(ticket.coefficients, {})
        for value in held.values():
            if isinstance(value, Tensor) and value.shape == come.shape:
                value.masked_fill_(come, 0.0)
    ticket.mask.copy_(new)
    ticket.gate.copy_(new)
