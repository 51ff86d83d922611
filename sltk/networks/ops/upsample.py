"""Upsampling to the nearest pixel, by whole factors: every pixel is repeated."""

import math
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.op import Op, Selection
from sltk.networks.spelling import Call, Spellings, each, require_axes

NEAREST = ("nearest", "nearest-exact")  # the same for whole factors


@dataclass(frozen=True)
class Upsample(Selection):
    """``(batch, c, h, w) -> (batch, c, h f, w g)`` with ``factors`` ``(f, g)``; on lines ``(batch, c, l f)`` with one.

    Every value is copied, so that intervals and errors are exact and constants stay what they are.
    """

    tag = "upsample"
    factors: tuple[int, ...]

    def __call__(self, x: Tensor) -> Tensor:
        """Repeat every pixel along each axis."""
        for axis, factor in enumerate(self.factors):
            x = x.repeat_interleave(factor, dim=2 + axis)
        return x

    @property
    def readers(self) -> int:
        """As many as the factors make of one pixel."""
        return math.prod(self.factors)

    def idle(self, shape: tuple[int, ...]) -> bool:
        """By factors of 1."""
        return len(shape) == 1 + len(self.factors) and all(factor == 1 for factor in self.factors)

    def require(self, call: Call) -> None:
        """Images, or lines, of as many axes as there are factors."""
        require_axes(call, len(self.factors))

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """``nn.Upsample`` and ``F.interpolate`` to the nearest pixel."""
        modules = dict.fromkeys((nn.Upsample, nn.UpsamplingNearest2d), _module)
        return Spellings(modules, {F.interpolate: _interpolate})


def _module(call: Call, module: nn.Upsample) -> tuple[Op, ...]:
    return _interpolate(call, module.size, module.scale_factor, module.mode, module.align_corners)


def _interpolate(
    call: Call, /, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
    recompute_scale_factor: Any = None, antialias: bool = False,
) -> tuple[Op, ...]:  # fmt: skip
    if mode not in NEAREST or antialias:
        raise SltkError(
            f"layer {call.name!r} upsamples by mode={mode!r}: averages with weights of their own, which no ticket has. "
            "Use mode='nearest' and let the next convolution learn the rest."
        )
    sides = call.shape[1:]
    if size is not None:
        factors = [w / side for w, side in zip(each(size, len(sides)), sides, strict=False)]
    else:
        factors = list(each(scale_factor, len(sides)))
    if len(factors) != len(sides) or not all(isinstance(f, int | float) and f >= 1 and f == int(f) for f in factors):
        raise SltkError(f"layer {call.name!r} takes {sides} to size={size}, scale_factor={scale_factor}; only whole "
                        "factors are read: give a size that is a multiple.")  # fmt: skip
    return (Upsample(tuple(int(f) for f in factors)),)


KIND = Upsample
