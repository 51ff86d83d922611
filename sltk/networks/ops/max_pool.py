"""Max pooling, of images and of lines."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.core.numerics.twofold import Twofold
from sltk.networks.op import Op, Selection, Step
from sltk.networks.relaxed import Relaxed, dot
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

    def twofold(self, x: Twofold) -> Twofold:
        """By the first parts alone: the second parts of a window's largest entries would have to be compared."""
        return Step.twofold(self, x)

    def relaxed(self, x: Interval) -> Relaxed:
        """At least the entry that is largest by its lower end; at most that, where no other can exceed it."""
        low, high, index = self._seen(x)
        best = low.argmax(-1, keepdim=True)
        place = index.expand_as(low).gather(-1, best)[..., 0]
        alone = _dominates(low, high, best)
        top = torch.where(alone, 0.0, high.amax(-1))
        return _Picked(place, torch.ones_like(top), torch.zeros_like(top), place, alone.double(), top).charged(self, x)

    def moved(self, target: Interval, ticket: Interval, d: Interval) -> Interval:
        """Between the least and the largest difference of a window."""
        low, high = self._windows(d.low), self._windows(d.high)
        return Interval(torch.where(low == -math.inf, math.inf, low).amin(-1), high.amax(-1))

    def difference(self, target: Interval, ticket: Interval, d: Interval) -> tuple[Interval, Relaxed]:
        """Between the least and the largest difference; of the entry that is the maximum of one network, on one side.

        If ``x_i`` is the target's maximum, the ticket's is at least ``x^_i``, so the difference is at most ``d_i``.
        """
        found, (low, _, index), sides = self.moved(target, ticket, d), self._seen(d), []
        for x, outer in ((ticket, found.low), (target, found.high)):
            least, most, _ = self._seen(x)
            best = least.argmax(-1, keepdim=True)
            alone = _dominates(least, most, best).expand_as(outer)
            place = index.expand_as(low).gather(-1, best.expand(*outer.shape, 1))[..., 0]
            sides += [place, alone.double(), torch.where(alone, 0.0, outer)]
        return found, _Picked(*sides).charged(self, d)

    def _seen(self, x: Interval) -> tuple[Tensor, Tensor, Tensor]:
        """Both ends in every window, ``(n, c, *positions, taps)``, minus infinity in the padding; and their places."""
        shape = x.low.shape[1:]
        place = torch.arange(math.prod(shape), dtype=torch.float64).reshape(1, *shape)
        return self._windows(x.low), self._windows(x.high), self._windows(place).clamp(min=0).long()

    def _windows(self, x: Tensor) -> Tensor:
        out = self(x).shape[2:]
        sizes = zip(x.shape[2:], out, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        needed = [max(0, (o - 1) * s + d * (k - 1) + 1 - size - p) for size, o, k, s, p, d in sizes]
        pads = [
            pad for before, behind in zip(self.padding[::-1], needed[::-1], strict=True) for pad in (before, behind)
        ]
        x = F.pad(x, pads, value=-math.inf)
        for axis, (k, s, d) in enumerate(zip(self.kernel, self.stride, self.dilation, strict=True)):
            x = x.unfold(2 + axis, d * (k - 1) + 1, s).narrow(2 + axis, 0, out[axis])[..., ::d]
        return x.flatten(2 + len(out))

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


@dataclass(frozen=True)
class _Picked(Relaxed):
    """``gain_low v[place_low] + low <= out <= gain_high v[place_high] + high``, with gains 0 or 1."""

    place_low: Tensor
    gain_low: Tensor
    low: Tensor
    place_high: Tensor
    gain_high: Tensor
    high: Tensor
    shape: tuple[int, ...] = ()

    def back(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """Each coefficient goes to the entry that its side picks."""
        rising, falling = c.clamp(min=0), c.clamp(max=0)
        constant = dot(rising, self.high) + dot(falling, self.low)
        found = c.new_zeros(*c.shape[:2], math.prod(self.shape))
        for part, place, gain in ((rising, self.place_high, self.gain_high), (falling, self.place_low, self.gain_low)):
            found.scatter_add_(2, place.expand(part.shape).flatten(2), (part * gain).flatten(2))
        return found.reshape(*c.shape[:2], *self.shape), constant

    def charged(self, pool: MaxPool, x: Interval) -> "_Picked":
        """The rounding of ``back`` for values of ``x`` in the constants."""
        terms = math.prod(pool.kernel) + 8
        level = torch.maximum(self.low.abs(), self.high.abs())
        slack = 1.01 * (gamma(terms) * pool(x.magnitude) + gamma(self.low.numel() + 8) * level)
        return replace(self, low=self.low - slack, high=self.high + slack, shape=tuple(x.low.shape[1:]))


def _dominates(low: Tensor, high: Tensor, best: Tensor) -> Tensor:
    """Whether the lower end at ``best`` is at least every other upper end of its window."""
    others = high.scatter(-1, best, -math.inf).amax(-1)
    return low.gather(-1, best)[..., 0] >= others


KIND = MaxPool
