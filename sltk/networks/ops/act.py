"""Elementwise activations, each as the table or a user has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.numerics.formats import Format
from sltk.core.numerics.intervals import Interval, outward
from sltk.core.numerics.rounding import require_finite, underflow, up
from sltk.core.numerics.twofold import ROOM, TINY, Twofold
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.lines import ROUNDING, activation_lines, difference_lines
from sltk.networks.activations.table import activation, spellings
from sltk.networks.activations.twofold import ERROR
from sltk.networks.op import Op, Step
from sltk.networks.relaxed import Relaxed
from sltk.networks.spelling import Call, Spellings


@dataclass(frozen=True)
class Act(Step):
    """An elementwise activation."""

    tag = "act"
    activation: Activation

    def __call__(self, x: Tensor) -> Tensor:
        """Apply the activation."""
        return self.activation(x)

    @property
    def keeps_zero(self) -> bool:
        """Of an activation that is 0 at 0."""
        return all(bool((self.activation(torch.zeros(1, dtype=d)) == 0).all()) for d in (torch.float32, torch.float64))

    def image(self, x: Interval) -> Interval:
        """The activation's own rigorous range."""
        low, high = self.activation.range(x.low, x.high)
        require_finite(torch.stack((low, high)), f"range of {self.activation.name}")
        return Interval(low, high)

    def through(self, errors: Tensor) -> Tensor:
        """Times the Lipschitz constant."""
        return up(errors * self.activation.lipschitz) + underflow(1, errors)

    def relaxed(self, x: Interval) -> Relaxed:
        """Lines above and below the activation."""
        return activation_lines(self.activation, x)

    def moved(self, target: Interval, ticket: Interval, d: Interval) -> Interval:
        """Between the least and the largest slope times d, and between the two ranges."""
        low, high = torch.minimum(target.low, ticket.low), torch.maximum(target.high, ticket.high)
        least, most = self.activation.slopes(low, high)
        products = torch.stack([least * d.low, least * d.high, most * d.low, most * d.high])
        slack = up(products.abs().amax(0))
        moved = outward(products.amin(0), products.amax(0), ROUNDING * slack + underflow(1, d.low, d.high), "d")
        one, other = self.image(target), self.image(ticket)
        apart = (-up(other.high - one.low), up(one.high - other.low))
        return Interval(torch.maximum(moved.low, apart[0]), torch.minimum(moved.high, apart[1]))

    def difference(self, target: Interval, ticket: Interval, d: Interval) -> tuple[Interval, Relaxed]:
        """``moved``, and the closest lines."""
        return self.moved(target, ticket, d), difference_lines(self.activation, target, ticket, d)

    def twofold(self, x: Twofold) -> Twofold:
        """By the activation's own function of such numbers, and the steepest slope near."""
        function = self.activation.twofold
        if function is None:
            return super().twofold(x)
        high, low = (part.contiguous() for part in (x.high, x.low))
        away = (x.off + low.abs()) * ROOM
        least, most = self.activation.slopes(-up(away - high), up(away + high))
        steep = torch.maximum(least.abs(), most.abs()).clamp(max=self.activation.lipschitz)
        off = (x.off * steep + ERROR * (1.0 + high.abs())) * ROOM + TINY
        return Twofold(*function(high, low), off)

    def through_largest(self, largest: Tensor) -> Tensor:
        """Times the Lipschitz constant."""
        return self.through(largest)

    def evaluation(self, x: Interval, run: Format) -> Tensor:
        """The activation's own allowance."""
        least, most = self.activation.range(x.low, x.high)
        return self.activation.allowance(x.magnitude, torch.maximum(least.abs(), most.abs()), run)

    @property
    def spoils_constants(self) -> bool:
        """A constant image stays one."""
        return False

    @property
    def elementwise(self) -> Activation:
        """The activation."""
        return self.activation

    def idle(self, shape: tuple[int, ...]) -> bool:
        """The identity does nothing."""
        return self.activation.name == "identity"

    def require(self, call: Call) -> None:
        """Any shape."""

    def record(self) -> dict[str, object]:
        """The activation by its name."""
        return {"op": self.tag, "name": self.activation.name}

    @classmethod
    def from_record(cls, record: Mapping[str, Any], custom: Mapping[str, Activation]) -> "Act":
        """A user's own activation of that name, else the table's.

        Raises:
            SltkError: it is in neither.
        """
        name = str(record["name"])
        return cls(custom[name] if name in custom else activation(name))

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """Those of every activation in the table."""
        return spellings().then(_named)


def _named(call: Call, name: str) -> tuple[Op, ...]:
    try:
        return (Act(activation(name)),)
    except SltkError as error:
        raise SltkError(f"activation {call.name!r}: {error}") from error


KIND = Act
