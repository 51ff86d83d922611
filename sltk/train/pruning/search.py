"""Search by scores (edge-popup): frozen coefficients, scores that train, and a top-k of them for a gate."""

import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.pruning.choose import require_density
from sltk.train.pruning.scopes import LAYERWISE, Scope, choose
from sltk.train.tickets.replicas import Replicas
from sltk.train.tickets.ticket import Ticket

WeightLaw = Literal["own", "signed-constant", "kaiming"]


class SearchTicket(Ticket):
    """``W = B (gate * c)`` with ``c`` frozen; the gradient of a gate passes straight through to ``abs(scores)``.

    Args:
        coefficients: ``(count, ...)``; frozen.
        basis: ``B``.
        scores: the same shape; a parameter.
    """

    def __init__(self, coefficients: Tensor, scores: Tensor, basis: nn.Module) -> None:
        super().__init__(coefficients, torch.ones_like(coefficients, dtype=torch.bool), basis, trainable=False)  # type: ignore[arg-type]
        self.scores = nn.Parameter(scores.detach().clone())

    def gated(self) -> Tensor:
        """``c`` where the gate is open, else exactly 0; backward as if it were ``c * abs(scores)``."""
        return _StraightThrough.apply(self.coefficients, self.scores, self.gate)  # type: ignore[return-value]


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, coefficients: Tensor, scores: Tensor, gate: Tensor) -> Tensor:
        ctx.save_for_backward(coefficients, scores)
        return torch.where(gate, coefficients, 0.0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None]:
        coefficients, scores = ctx.saved_tensors
        return None, grads[0] * coefficients * scores.sign(), None


def weight_law(law: str) -> WeightLaw:
    """``law`` as the word that it is.

    Raises:
        SltkError: an unknown law.
    """
    for known in get_args(WeightLaw):
        if law == known:
            return known
    raise SltkError(f"law must be own, signed-constant or kaiming, but got {law!r}.")


def search_tickets(
    replicas: Replicas, *, law: WeightLaw = "own", density: float = 0.5, scope: Scope = LAYERWISE
) -> None:
    """Freeze every coefficient and every other parameter of ``replicas``, and give each ticket scores to learn.

    Args:
        replicas: changed in place.
        law: ``own`` keeps the coefficients; ``signed-constant`` draws ``+-sqrt(2 / (fan_in density))``, ``kaiming``
            a normal law of that deviation, from the streams ``(seed, "search", name)``.
        density: kept fraction for which the law is scaled.
        scope: where scores compete. Scores start uniform up to ``1 / sqrt(fan_in)`` of their layer; where all layers
            are ranked as one, up to that of the mean fan-in, since the layers of large fan-in would lose every place
            before the first step, and hear no gradient from then on.

    Raises:
        SltkError: an unknown law, or a density outside ``(0, 1]``.
    """
    require_density(density)
    weight_law(law)
    for p in replicas.rest.values():
        p.requires_grad_(False)
    found, bounds = {}, _score_bounds(replicas.tickets, scope)
    for name, ticket in replicas.tickets.items():
        draws = [_draws(ticket.mask[0], s, name, law, density, bounds[name]) for s in replicas.seeds]
        drawn = [ticket.coefficients.detach()[r] if c is None else c for r, (c, _) in enumerate(draws)]
        c, scores = torch.stack(drawn), torch.stack([s for _, s in draws])
        found[name] = SearchTicket(c.to(ticket.coefficients), scores.to(ticket.coefficients), ticket.basis)
    replicas.replace(found)


def top_scores(density: float, scope: Scope) -> Callable[[dict[str, Ticket]], None]:
    """What sets gates and masks to the top of ``abs(scores)``, exact in count; for ``Train(refresh=...)``.

    Scores that are not numbers are not looked for at each step: their loss is none either, which ``Train`` refuses.
    """

    def refresh(tickets: dict[str, Ticket]) -> None:
        covered = scope.covered(list(tickets))
        scores = {name: tickets[name].scores.detach().abs() for name in covered}  # type: ignore[union-attr]
        for name, mask in choose(scope, tickets, scores, density, checked=False).items():
            tickets[name].mask.copy_(mask)
            tickets[name].gate.copy_(mask)

    return refresh


def weights_of(law: WeightLaw, shape: tuple[int, ...], density: float, generator: torch.Generator) -> Tensor:
    """Weights of a ``law`` other than ``own``, scaled for ``density``; see ``search_tickets``."""
    size = (2.0 / (math.prod(shape[1:]) * density)) ** 0.5
    if law == "signed-constant":
        return (torch.randint(0, 2, shape, generator=generator) * 2 - 1) * size
    return torch.randn(shape, generator=generator) * size


def _score_bounds(tickets: dict[str, Ticket], scope: Scope) -> dict[str, float]:
    """Largest initial score by layer."""
    fans = {name: ticket.mask[0][0].numel() for name, ticket in tickets.items()}
    if scope.kind == "global":
        sizes = {name: tickets[name].mask[0].numel() for name in scope.covered(list(tickets))}
        mean = sum(size * fans[name] for name, size in sizes.items()) / sum(sizes.values())
        fans |= dict.fromkeys(sizes, mean)
    return {name: fan**-0.5 for name, fan in fans.items()}


def _draws(
    like: Tensor, seed: int, name: str, law: WeightLaw, density: float, bound: float
) -> tuple[Tensor | None, Tensor]:
    generator = torch_stream(seed, "search", name)
    scores = (torch.rand(like.shape, generator=generator) * 2 - 1) * bound
    return None if law == "own" else weights_of(law, tuple(like.shape), density, generator), scores
