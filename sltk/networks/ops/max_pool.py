"""2-D max pooling."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.networks.geometry import Pair
from sltk.networks.op import Op, Step
from sltk.networks.spelling import Call, Spellings, both, divided, require_image


@dataclass(frozen=True)
class MaxPool(Step):
    """2-D max pooling (padding counts as minus infinity), with the arguments of ``torch.nn.MaxPool2d``."""

    tag = "maxpool"
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    ceil_mode: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """Pool ``(batch, c, h, w)``."""
        return F.max_pool2d(x, self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode)

    def image(self, x: Interval) -> Interval:
        """A maximum rises with its arguments, and is exact."""
        return Interval(self(x.low), self(x.high))

    def through(self, errors: Tensor) -> Tensor:
        """The largest error of each window."""
        return self(errors)

    def through_largest(self, largest: Tensor) -> Tensor:
        """A maximum enlarges nothing."""
        return largest

    @property
    def spoils_constants(self) -> bool:
        """Padding is never the largest."""
        return False

    def require(self, call: Call) -> None:
        """Images."""
        require_image(call)

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """Max pools, and those to a size that divides the image's."""
        modules = {
            nn.MaxPool2d: lambda call, m: _pool(
                call, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices
            ),
            nn.AdaptiveMaxPool2d: lambda call, m: _adaptive(call, m.output_size, m.return_indices),
        }
        return Spellings(modules, {F.max_pool2d: _pool, torch.max_pool2d: _pool, F.adaptive_max_pool2d: _adaptive})


def _pool(
    call: Call, /, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Op, ...]:  # fmt: skip
    if return_indices:
        raise SltkError(f"layer {call.name!r} returns indices; use return_indices=False.")
    sizes = both(kernel_size), both(stride or kernel_size), both(padding), both(dilation)
    return (MaxPool(*sizes, bool(ceil_mode)),)


def _adaptive(call: Call, /, output_size: Any, return_indices: bool = False) -> tuple[Op, ...]:
    kernel = divided(call, output_size)
    return _pool(call, kernel, return_indices=return_indices)


KIND = MaxPool
