"""Average pooling, of images and of lines."""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.numerics.formats import Format
from sltk.core.numerics.intervals import Interval, outward
from sltk.core.numerics.rounding import gamma, swell, underflow
from sltk.networks.op import Op, Step
from sltk.networks.ops.flatten import Flatten
from sltk.networks.relaxed import Relaxed, adjoint
from sltk.networks.spelling import Call, Spellings, both, divided, each, require_axes


@dataclass(frozen=True)
class AvgPool(Step):
    """Average pooling, with the arguments of ``torch.nn.AvgPool2d``; of lines where they have one entry each."""

    tag = "avgpool"
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] = (0, 0)
    ceil_mode: bool = False
    count_include_pad: bool = True

    def __call__(self, x: Tensor) -> Tensor:
        """Pool ``(batch, c, h, w)``, or ``(batch, c, l)``."""
        pool: Any = F.avg_pool2d if len(self.kernel) == 2 else F.avg_pool1d
        return pool(x, self.kernel, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    @property
    def _terms(self) -> int:
        """Of one window, and its divisor."""
        return math.prod(self.kernel) + 1

    @property
    def keeps_zero(self) -> bool:
        """The average of zeros is zero."""
        return True

    def image(self, x: Interval) -> Interval:
        """Averages of the ends, moved outward by their rounding."""
        size = swell(self(x.magnitude), self._terms)
        slack = gamma(self._terms + 8) * size + underflow(self._terms, x.low, x.high)
        found = outward(self(x.low), self(x.high), slack, "average pooling")
        # An average of numbers that are all at least 0 is so too, whatever was rounded.
        positive = self((x.low < 0).double()) == 0
        return Interval(torch.where(positive, found.low.clamp(min=0), found.low), found.high)

    def through(self, errors: Tensor) -> Tensor:
        """Averages of the errors."""
        return swell(self(errors), self._terms) + underflow(self._terms, errors)

    def relaxed(self, x: Interval) -> Relaxed:
        """Averages are linear."""
        return adjoint(self, x.magnitude, self._terms)

    def difference(self, target: Interval, ticket: Interval, d: Interval) -> tuple[Interval, Relaxed]:
        """The average of the differences."""
        return self.image(d), self.relaxed(d)

    def through_largest(self, largest: Tensor) -> Tensor:
        """An average enlarges nothing."""
        return largest

    def evaluation(self, x: Interval, run: Format) -> Tensor:
        """One sum and one division."""
        size = swell(self(x.magnitude), self._terms) * run.gamma(self._terms + 1)
        return size * (1.0 + 2.0**-50) + 2.0 * self._terms * run.smallest

    @property
    def spoils_constants(self) -> bool:
        """Where zero padding counts, averages at the border are smaller."""
        return any(self.padding) and self.count_include_pad

    def require(self, call: Call) -> None:
        """Images, or lines."""
        require_axes(call, len(self.kernel))

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """Average pools, those to a size that divides the image's, and means over height and width."""
        modules = {
            nn.AvgPool2d: lambda call, m: _pool(
                call, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, m.divisor_override
            ),
            nn.AvgPool1d: lambda call, m: _line(
                call, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad
            ),
            nn.AdaptiveAvgPool2d: lambda call, m: _adaptive(call, m.output_size),
            nn.AdaptiveAvgPool1d: lambda call, m: _adaptive_line(call, m.output_size),
        }
        functions = {
            F.avg_pool2d: _pool, F.adaptive_avg_pool2d: _adaptive, torch.mean: _mean,
            F.avg_pool1d: _line, F.adaptive_avg_pool1d: _adaptive_line,
        }  # fmt: skip
        return Spellings(modules, functions, {"mean": _mean})


def _line(
    call: Call, /, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> tuple[Op, ...]:  # fmt: skip
    sizes = each(kernel_size, 1), each(stride or kernel_size, 1), each(padding, 1)
    return (AvgPool(*sizes, bool(ceil_mode), bool(count_include_pad)),)


def _adaptive_line(call: Call, /, output_size: Any) -> tuple[Op, ...]:
    kernel = divided(call, output_size, 1)
    return (AvgPool(kernel, kernel, (0,)),)


def _pool(
    call: Call, /, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None,
) -> tuple[Op, ...]:  # fmt: skip
    if divisor_override is not None:
        raise SltkError(
            f"layer {call.name!r} has divisor_override={divisor_override}; leave it at None and scale the next layer."
        )
    sizes = both(kernel_size), both(stride or kernel_size), both(padding)
    return (AvgPool(*sizes, bool(ceil_mode), bool(count_include_pad)),)


def _adaptive(call: Call, /, output_size: Any) -> tuple[Op, ...]:
    kernel = divided(call, output_size, 2)
    return (AvgPool(kernel, kernel),)


def _mean(call: Call, /, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> tuple[Op, ...]:
    given, rank = each(dim, 1), 1 + len(call.shape)
    behind = all(isinstance(axis, int) for axis in given) and sorted(axis % rank for axis in given)
    if behind not in ([2], [2, 3]) or behind != list(range(2, rank)) or dtype is not None:
        raise SltkError(f"layer {call.name!r} takes a mean over {dim}; only that over height and width is read.")
    average = _adaptive(call, 1) if rank == 4 else _adaptive_line(call, 1)
    return average if keepdim else (*average, Flatten())


KIND = AvgPool
