"""Several nested masks over one frozen weight: ``W = B (coats * c)``, with a whole number of coats for each."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sltk.train.loop.state import State
from sltk.train.pruning.scopes import Scope, choose
from sltk.train.pruning.search import SearchTicket
from sltk.train.tickets.replicas import Replicas
from sltk.train.tickets.ticket import Ticket


class CoatTicket(SearchTicket):
    """A weight with scores and coats; the gradient of ``coats`` passes straight through to ``abs(scores)``.

    Attributes:
        coats: ``(count, ...)``, whole numbers in the dtype of the coefficients; 0 where the gate is closed.
    """

    coats: Tensor

    def __init__(self, coefficients: Tensor, scores: Tensor, basis: torch.nn.Module) -> None:
        super().__init__(coefficients, scores, basis)
        self.register_buffer("coats", torch.ones_like(self.coefficients))

    def gated(self) -> Tensor:
        """``coats * c``, exactly 0 without a coat; backward as if it were ``c * abs(scores)``."""
        return _Worn.apply(self.coefficients, self.scores, self.coats)  # type: ignore[return-value]


class _Worn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, coefficients: Tensor, scores: Tensor, coats: Tensor) -> Tensor:
        ctx.save_for_backward(coefficients, scores)
        return torch.where(coats > 0, coefficients * coats, 0.0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None]:
        coefficients, scores = ctx.saved_tensors
        return None, grads[0] * coefficients * scores.sign(), None


def coat_tickets(replicas: Replicas, coats: int) -> None:
    """Give every ticket of a search room for ``coats`` coats, with weights scaled so that their mean square stays.

    Of ``n`` coats in equal steps, ``k`` lie on a share ``1/n`` of the kept weights for each ``k``, so that the mean of
    their square is ``(n + 1)(2 n + 1) / 6``, by whose root the weights are divided.
    """
    scale = ((coats + 1) * (2 * coats + 1) / 6.0) ** -0.5
    found: dict[str, Ticket] = {}
    for name, ticket in replicas.tickets.items():
        assert isinstance(ticket, SearchTicket)
        found[name] = CoatTicket(ticket.coefficients * scale, ticket.scores.detach(), ticket.basis)
    replicas.replace(found)


def top_coats(density: float, scope: Scope, coats: int) -> Callable[[dict[str, Ticket]], None]:
    """What lays coats by ``abs(scores)``: coat ``j`` of ``n`` on the best ``density j / n``, exact in count, nested."""

    def refresh(tickets: dict[str, Ticket]) -> None:
        covered = {name: ticket for name, ticket in tickets.items() if isinstance(ticket, CoatTicket)}
        scores = {name: ticket.scores.detach().abs() for name, ticket in covered.items()}
        layers = [choose(scope, tickets, scores, density * j / coats) for j in range(1, coats + 1)]
        for name, mask in layers[-1].items():
            covered[name].mask.copy_(mask)
            covered[name].gate.copy_(mask)
            laid = torch.stack([layer[name] for layer in layers]).sum(0)
            covered[name].coats.copy_(laid)

    return refresh


def press(state: State) -> None:
    """``c <- coats * c`` and one coat on what is kept: an ordinary ticket with the same effective weights."""
    for ticket in state.replicas.tickets.values():
        if isinstance(ticket, CoatTicket):
            ticket.coefficients.copy_(torch.where(ticket.gate, ticket.coefficients * ticket.coats, ticket.coefficients))
            ticket.coats.copy_(ticket.gate)
