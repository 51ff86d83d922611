"""``Seek`` makes gates random, so that a training finds masks; ``Settle`` keeps the likeliest of them."""

from dataclasses import dataclass

import torch

from sltk.train.loop.state import State
from sltk.train.pruning.relaxed_gates import RelaxedTicket
from sltk.train.pruning.scopes import Scope, choose


@dataclass(frozen=True)
class Seek:
    """The gates that ``scope`` covers are random from now on."""

    scope: Scope

    def run(self, state: State) -> None:
        """Set them free."""
        tickets = state.replicas.tickets
        for name in self.scope.covered(list(tickets)):
            ticket = tickets[name]
            if isinstance(ticket, RelaxedTicket):
                ticket.seeking.fill_(True)


@dataclass(frozen=True)
class Settle:
    """Masks and gates are the likeliest of the random ones, exact in count; nothing is random any more.

    Args:
        density: kept fraction of the numbers that the scope covers.
        scope: over which probabilities compete.
    """

    density: float
    scope: Scope

    def run(self, state: State) -> None:
        """Write masks and gates."""
        tickets = state.replicas.tickets
        relaxed = {name: ticket for name, ticket in tickets.items() if isinstance(ticket, RelaxedTicket)}
        scores = {name: ticket.law.probability(ticket.scores.detach()) for name, ticket in relaxed.items()}
        for name, mask in choose(self.scope, tickets, scores, self.density).items():
            tickets[name].mask.copy_(mask)
            tickets[name].gate.copy_(mask)
        for ticket in relaxed.values():
            ticket.seeking.fill_(False)
            ticket.noise.copy_(torch.zeros_like(ticket.noise))
