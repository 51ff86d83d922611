"""2-D average pooling."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval, outward
from sltk.core.numerics.rounding import gamma, swell, underflow
from sltk.networks.geometry import Pair
from sltk.networks.op import Op, Step
from sltk.networks.ops.flatten import Flatten
from sltk.networks.spelling import Call, Spellings, both, divided, require_image


@dataclass(frozen=True)
class AvgPool(Step):
    """2-D average pooling, with the arguments of ``torch.nn.AvgPool2d``."""

    tag = "avgpool"
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    ceil_mode: bool = False
    count_include_pad: bool = True

    def __call__(self, x: Tensor) -> Tensor:
        """Pool ``(batch, c, h, w)``."""
        return F.avg_pool2d(x, self.kernel, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    @property
    def _terms(self) -> int:
        """Of one window, and its divisor."""
        return self.kernel[0] * self.kernel[1] + 1

    def image(self, x: Interval) -> Interval:
        """Averages of the ends, moved outward by their rounding."""
        size = swell(self(x.magnitude), self._terms)
        slack = gamma(self._terms + 8) * size + underflow(self._terms, x.low, x.high)
        return outward(self(x.low), self(x.high), slack, "average pooling")

    def through(self, errors: Tensor) -> Tensor:
        """Averages of the errors."""
        return swell(self(errors), self._terms) + underflow(self._terms, errors)

    def through_largest(self, largest: Tensor) -> Tensor:
        """An average enlarges nothing."""
        return largest

    @property
    def spoils_constants(self) -> bool:
        """Where zero padding counts, averages at the border are smaller."""
        return self.padding != (0, 0) and self.count_include_pad

    def require(self, call: Call) -> None:
        """Images."""
        require_image(call)

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """Average pools, those to a size that divides the image's, and means over height and width."""
        modules = {
            nn.AvgPool2d: lambda call, m: _pool(
                call, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, m.divisor_override
            ),
            nn.AdaptiveAvgPool2d: lambda call, m: _adaptive(call, m.output_size),
        }
        functions = {F.avg_pool2d: _pool, F.adaptive_avg_pool2d: _adaptive, torch.mean: _mean}
        return Spellings(modules, functions, {"mean": _mean})


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
    kernel = divided(call, output_size)
    return (AvgPool(kernel, kernel),)


def _mean(call: Call, /, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> tuple[Op, ...]:
    axes = dim if isinstance(dim, list | tuple) else ()
    if len(call.shape) != 3 or sorted(axis % 4 for axis in axes) != [2, 3] or dtype is not None:
        raise SltkError(f"layer {call.name!r} takes a mean over {dim}; only that over height and width is read.")
    return _adaptive(call, 1) if keepdim else (*_adaptive(call, 1), Flatten())


KIND = AvgPool
