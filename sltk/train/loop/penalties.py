"""Terms of the loss that read tickets and change nothing in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.tickets.ticket import Ticket


class Penalty(Protocol):
    """A term of the loss."""

    def strength(self, step: int) -> float:
        """``lambda`` at ``step``, counted from 0 in its phase."""
        ...

    def __call__(self, tickets: Mapping[str, Ticket], strength: Tensor) -> Tensor:
        """The term at this ``strength``, summed over replicas: each replica's gradient is its own."""
        ...


@dataclass(frozen=True)
class GrowingL2:
    """``lambda(t)/2 ||(1 - mask) c||^2`` with ``lambda(t) = min(cap, increment * floor(t / every))``.

    With a random mask it is the extrusion term of RST, with a mask of the smallest magnitudes growing-L2 pruning.

    Args:
        increment: added every ``every`` steps; 1e-4 in the published code.
        every: steps between two of them; 5 there.
        cap: where it stops; 1 there.
    """

    increment: float = 1e-4
    every: int = 5
    cap: float = 1.0

    def __post_init__(self) -> None:
        if self.increment < 0 or self.every < 1 or self.cap < 0:
            raise SltkError(f"a growing penalty needs increment >= 0, every >= 1 and cap >= 0, but got {self}.")

    def strength(self, step: int) -> float:
        """``lambda`` at ``step``."""
        return min(self.cap, self.increment * (step // self.every))

    def __call__(self, tickets: Mapping[str, Ticket], strength: Tensor) -> Tensor:
        """The term; see the class."""
        terms = [torch.where(t.mask, 0.0, t.coefficients).square().sum() for t in tickets.values()]
        return 0.5 * strength * torch.stack(terms).sum()

    def over(self, steps: int) -> "GrowingL2":
        """Itself: ``increment`` is told, whatever the number of steps; see ``Ramp``."""
        return self

    def require_stable(self, rate: float, momentum: float) -> None:
        """Heavy-ball descent on ``lambda/2 c^2`` converges where ``rate * lambda < 2 (1 + momentum)``.

        Raises:
            SltkError: the cap is past that.
        """
        if rate * self.cap >= 2.0 * (1.0 + momentum):
            raise SltkError(
                f"a penalty of cap {self.cap} diverges at rate {rate} and momentum {momentum}: it needs rate * cap < "
                f"2 (1 + momentum) = {2 * (1 + momentum):g}. Lower the rate or the cap."
            )


@dataclass(frozen=True)
class Ramp:
    """A growing penalty told by where it ends: from 0 to ``cap`` over a share of a training, then held.

    Args:
        cap: where ``lambda`` stops.
        share: of the training, in ``(0, 1]``, after which it is there.
    """

    cap: float = 1.0
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.cap < 0 or not 0.0 < self.share <= 1.0:
            raise SltkError(f"a ramp needs cap >= 0 and 0 < share <= 1, but got {self}.")

    def over(self, steps: int) -> GrowingL2:
        """The penalty of a training of ``steps`` steps, raised at every step."""
        return GrowingL2(increment=self.cap / max(1.0, self.share * steps), every=1, cap=self.cap)


HALFWAY = Ramp()


@dataclass(frozen=True)
class L1:
    """``weight * ||c||_1`` of the open coefficients; of ``c``, which no rotation keeps."""

    weight: float

    def strength(self, step: int) -> float:
        """Constant."""
        return self.weight

    def __call__(self, tickets: Mapping[str, Ticket], strength: Tensor) -> Tensor:
        """The term; see the class."""
        return strength * torch.stack([t.gated().abs().sum() for t in tickets.values()]).sum()
