"""Real numbers as the sum of two of float64, and how far off that is: some 106 bits for values at points.

In a network whose weights are large and cancel, the rounding of float64 grows by the sum of sizes in every layer: in a
ticket of twenty layers by ``1e25``. Numbers of twice the precision start ``1e16`` lower, and that is enough.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import up
from sltk.core.numerics.twofold_kernels import added

UNIT2 = 2.0**-106
ROOM = 1.0 + 2.0**-40  # far more than the few operations behind a bound lose
TINY = 2.0**-900  # covers what underflows in any of them
POWERS = np.ldexp(1.0, -np.arange(1011))


class Twofold(NamedTuple):
    """Real numbers within ``off`` of ``high + low``, ``|low| <= 2**-53 |high|``; float64 tensors of one shape."""

    high: Tensor
    low: Tensor
    off: Tensor

    @classmethod
    def exact(cls, x: Tensor) -> "Twofold":
        """Numbers of float32 or float64 as they are."""
        high = x.detach().to("cpu", torch.float64).contiguous()
        return cls(high, torch.zeros_like(high), torch.zeros_like(high))

    def plus(self, other: "Twofold") -> "Twofold":
        """The sum."""
        high, low = self.high.clone(), self.low.clone()
        more, rest = (part.contiguous() for part in (other.high, other.low))
        added(*(part.numpy().ravel() for part in (high, low, more, rest)))
        size = self.high.abs() + more.abs()
        return Twofold(high, low, (self.off + other.off + 8 * UNIT2 * size) * ROOM + TINY)

    def minus(self, other: "Twofold") -> "Twofold":
        """The difference."""
        return self.plus(Twofold(-other.high, -other.low, other.off))

    @property
    def interval(self) -> Interval:
        """Where the numbers lie."""
        away = (self.low.abs() + self.off) * ROOM
        return Interval(-up(away - self.high), up(away + self.high))
