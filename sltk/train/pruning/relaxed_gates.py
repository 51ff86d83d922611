"""Gates that are random and differentiable: a coefficient is kept with a probability that is learned.

Source: Louizos et al. 1712.01312 and Yamada et al. 1810.04247 (gates), Maddison et al. 1611.00712 (concrete law), all
remembered.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.train.pruning.scopes import Scope
from sltk.train.tickets.replicas import Replicas
from sltk.train.tickets.ticket import Ticket


class GateLaw(Protocol):
    """How a gate follows from its score and noise."""

    @property
    def initial(self) -> float:
        """Score at the start."""
        ...

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """One draw a gate."""
        ...

    def gate(self, scores: Tensor, noise: Tensor) -> Tensor:
        """In ``[0, 1]``, differentiable in the scores."""
        ...

    def probability(self, scores: Tensor) -> Tensor:
        """That a gate is open, rising in the score."""
        ...


@dataclass(frozen=True)
class GaussianGates:
    """``z = min(1, max(0, s + sigma e))`` with normal ``e``; open, ``z > 0``, with probability ``Phi(s / sigma)``."""

    sigma: float = 0.5
    initial: float = 0.5

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Standard normal."""
        return torch.randn(shape, generator=generator)

    def gate(self, scores: Tensor, noise: Tensor) -> Tensor:
        """``z``."""
        return (scores + self.sigma * noise).clamp(0.0, 1.0)

    def probability(self, scores: Tensor) -> Tensor:
        """``Phi(s / sigma)``."""
        return 0.5 * (1.0 + torch.erf(scores / (self.sigma * math.sqrt(2.0))))


@dataclass(frozen=True)
class ConcreteGates:
    """``z = sigmoid((s + e) / tau)`` with logistic ``e``; ``z > 1/2`` with probability ``sigmoid(s)``."""

    tau: float = 0.5
    initial: float = 1.5

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """``log u - log(1 - u)`` of a uniform ``u``, kept off 0 and 1."""
        return torch.logit(torch.rand(shape, generator=generator), eps=1e-6)

    def gate(self, scores: Tensor, noise: Tensor) -> Tensor:
        """``z``."""
        return torch.sigmoid((scores + noise) / self.tau)

    def probability(self, scores: Tensor) -> Tensor:
        """``sigmoid(s)``."""
        return torch.sigmoid(scores)


class RelaxedTicket(Ticket):
    """``W = B (z * c)`` with random gates ``z`` while a mask is sought, and ``W = B (gate * c)`` else.

    While it is sought the coefficients hear no gradient, and the scores none at any other time.

    Args:
        coefficients: ``(count, ...)``.
        basis: ``B``.
        law: of the gates.
        trainable: whether the coefficients are a parameter.

    Attributes:
        scores: a parameter of their shape.
        noise: of the gates, drawn anew before each step.
        drawn: how often it was drawn.
        seeking: whether the gates are random now.
    """

    noise: Tensor
    drawn: Tensor
    seeking: Tensor

    def __init__(self, coefficients: Tensor, basis: nn.Module, law: GateLaw, *, trainable: bool) -> None:
        super().__init__(coefficients, torch.ones_like(coefficients, dtype=torch.bool), basis, trainable=trainable)  # type: ignore[arg-type]
        self.law = law
        self.scores = nn.Parameter(torch.full_like(self.coefficients.detach(), law.initial))
        self.register_buffer("noise", torch.zeros_like(self.coefficients.detach()))
        self.register_buffer("drawn", torch.zeros((), dtype=torch.int64))
        self.register_buffer("seeking", torch.zeros((), dtype=torch.bool))

    def gated(self) -> Tensor:
        """``z * c`` while the mask is sought, else ``gate * c``."""
        if bool(self.seeking):
            return self.law.gate(self.scores, self.noise) * self.coefficients.detach()
        return super().gated()


def relaxed_tickets(replicas: Replicas, law: GateLaw) -> None:
    """Give every ticket of ``replicas`` gates of ``law``, closed to search for now; changed in place."""
    found: dict[str, Ticket] = {
        name: RelaxedTicket(ticket.coefficients.detach(), ticket.basis, law, trainable=ticket.trainable)
        for name, ticket in replicas.tickets.items()
    }
    replicas.replace(found)


@dataclass(frozen=True)
class Noise:
    """Draws the noise of every ticket, for ``Train(refresh=...)``.

    From the streams ``(seed of the replica, "gates", name, draws so far)``.
    """

    seeds: tuple[int, ...]

    def __call__(self, tickets: Mapping[str, Ticket]) -> None:
        """Draw."""
        for name, ticket in tickets.items():
            if isinstance(ticket, RelaxedTicket):
                place, shape = int(ticket.drawn), tuple(ticket.mask.shape[1:])
                own = {s: ticket.law.noise(shape, torch_stream(s, "gates", name, place)) for s in set(self.seeds)}
                ticket.noise.copy_(torch.stack([own[seed] for seed in self.seeds]))
                ticket.drawn += 1


@dataclass(frozen=True)
class DensityPenalty:
    """``strength * n * (mean of P(open) - density)^2`` over the ``n`` coefficients that ``scope`` covers.

    The mean is over the whole, or, layerwise, over each layer, whose terms add up.
    """

    weight: float
    density: float
    scope: Scope

    def strength(self, step: int) -> float:
        """Constant."""
        return self.weight

    def __call__(self, tickets: Mapping[str, Ticket], strength: Tensor) -> Tensor:
        """The term; see the class."""
        rows = [
            ticket.law.probability(ticket.scores).flatten(1)
            for ticket in (tickets[name] for name in self.scope.covered(list(tickets)))
            if isinstance(ticket, RelaxedTicket)
        ]
        parts = [torch.cat(rows, 1)] if self.scope.kind == "global" else rows
        gaps = [part.shape[1] * (part.mean(1) - self.density).square().sum() for part in parts]
        return strength * torch.stack(gaps).sum()
