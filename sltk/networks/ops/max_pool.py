"""Max pooling, of images and of lines."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.op import Op, Selection
from sltk.networks.spelling import Call, Spellings, divided, each, require_axes


@dataclass(frozen=True)
class MaxPool(Selection):
    """Max pooling (padding counts as minus infinity), with the arguments of ``torch.nn.MaxPool2d``.

    Of lines where they have one entry each.
    """

    tag = "maxpool"
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] = (0, 0)
    dilation: tuple[int, ...] = (1, 1)
    ceil_mode: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """Pool ``(batch, c, h, w)``, or ``(batch, c, l)``."""
        pool: Any = F.max_pool2d if len(self.kernel) == 2 else F.max_pool1d
        return pool(x, self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode)

    def require(self, call: Call) -> None:
        """Images, or lines."""
        require_axes(call, len(self.kernel))

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """Max pools, and those to a size that divides the image's."""
        image, line = partial(_pool, 2), partial(_pool, 1)
        whole, part = partial(_adaptive, 2), partial(_adaptive, 1)
        modules = {
            nn.MaxPool2d: partial(_module, image),
            nn.MaxPool1d: partial(_module, line),
            nn.AdaptiveMaxPool2d: lambda call, m: whole(call, m.output_size, m.return_indices),
            nn.AdaptiveMaxPool1d: lambda call, m: part(call, m.output_size, m.return_indices),
        }
        functions = {
            F.max_pool2d: image, torch.max_pool2d: image, F.adaptive_max_pool2d: whole,
            F.max_pool1d: line, torch.max_pool1d: line, F.adaptive_max_pool1d: part,
        }  # fmt: skip
        return Spellings(modules, functions)


def _module(pool: Callable[..., tuple[Op, ...]], call: Call, m: nn.MaxPool2d | nn.MaxPool1d) -> tuple[Op, ...]:
    return pool(call, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices)


def _pool(
    axes: int, call: Call, /, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Op, ...]:  # fmt: skip
    if return_indices:
        raise SltkError(f"layer {call.name!r} returns indices; use return_indices=False.")
    sizes = each(kernel_size, axes), each(stride or kernel_size, axes), each(padding, axes), each(dilation, axes)
    return (MaxPool(*sizes, bool(ceil_mode)),)


def _adaptive(axes: int, call: Call, /, output_size: Any, return_indices: bool = False) -> tuple[Op, ...]:
    kernel = divided(call, output_size, axes)
    return _pool(axes, call, kernel, return_indices=return_indices)


KIND = MaxPool
