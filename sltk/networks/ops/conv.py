"""2-D convolutions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from sltk.core.errors import SltkError
from sltk.networks.affine import Affine
from sltk.networks.geometry import Geometry, Pair
from sltk.networks.op import Op
from sltk.networks.spelling import Call, Spellings, both, copied, require_image


@dataclass(frozen=True)
class Conv(Affine):
    """2-D cross-correlation, zero padding, ``weight`` ``(out, in / groups, kh, kw)``, ``bias`` ``(out,)``, float64."""

    tag = "conv"
    may_group = True
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, h, w)`` to ``(batch, out, h', w')`` in the dtype of ``x``."""
        weight, bias = self.weight.to(x), self.bias.to(x)
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)

    @property
    def geometry(self) -> Geometry:
        """The weight's shape, stride, padding and dilation."""
        rows, channels, height, width = self.weight.shape
        return Geometry((rows, channels, height, width), self.stride, self.padding, self.dilation)

    def correlate(self, weight: Tensor, x: Tensor) -> Tensor:
        """``x`` is ``(n, in, h, w)``, the result ``(n, rows, h', w')``."""
        if self.groups == 1:
            return F.conv2d(x, weight, None, self.stride, self.padding, self.dilation)
        # torch wants the rows of a group side by side, and here they come once for all groups after another.
        each = self.weight.shape[0] // self.groups
        rows = weight.unflatten(0, (-1, self.groups, each)).transpose(0, 1).flatten(0, 2)
        image = F.conv2d(x, rows, None, self.stride, self.padding, self.dilation, self.groups)
        return image.unflatten(1, (self.groups, -1, each)).transpose(1, 2).flatten(1, 3)

    def output_positions(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Height and width, by arithmetic; torch would import sympy to say so."""
        return self.geometry.output(shape[1], shape[2])

    def adjoint(self, weight: Tensor, c: Tensor, shape: tuple[int, ...], groups: int) -> Tensor:
        """``c`` is ``(n, rows, h', w')``, the result ``(n, in, h, w)``."""
        if groups > 1:  # as in ``correlate``
            each = self.weight.shape[0] // groups
            weight = weight.unflatten(0, (-1, groups, each)).transpose(0, 1).flatten(0, 2)
            c = c.unflatten(1, (-1, groups, each)).transpose(1, 2).flatten(1, 3)
        geometry: Any = (self.stride, self.padding, self.dilation)  # torch says integers, and takes pairs
        stride, padding, dilation = geometry
        return conv2d_input((c.shape[0], *shape), weight, c.contiguous(), stride, padding, dilation, groups)

    def windows(self, x: Tensor) -> Tensor:
        """The taps under each output pixel."""
        size = (self.weight.shape[2], self.weight.shape[3])
        return F.unfold(x.flatten(0, 1)[None], size, self.dilation, self.padding, self.stride)[0]

    def support_reach(self, reach: Tensor) -> float:
        """A kernel's support correlated with ``reach``, at most over the pixels."""
        return float(self.correlate((self.weight != 0).double(), reach[None]).max())

    @classmethod
    def mixing(cls, name: str, matrix: Tensor, shift: Tensor, shape: tuple[int, ...]) -> "Conv | None":
        """A 1 x 1 kernel, on images."""
        return cls(name, matrix[:, :, None, None], shift) if len(shape) == 3 else None

    @classmethod
    def diagonal(cls, name: str, gain: Tensor, shift: Tensor, shape: tuple[int, ...]) -> "Conv | None":
        """One group a channel, one tap each."""
        one = cls.mixing(name, gain[:, None], shift, shape)
        return None if one is None else replace(one, groups=len(gain))

    @classmethod
    def weight_shape(cls, outputs: int, inputs: int, inner: int, kernel: Pair) -> tuple[int, ...]:
        """The kernel's taps are axes of their own."""
        return outputs, inputs, *kernel

    @classmethod
    def grouped(cls, inputs: int, inner: int, channels: int | None) -> tuple[int, int]:
        """Channels are never flattened."""
        return inputs, inner

    @classmethod
    def univariate(cls, inputs: int, inner: int) -> tuple[int, int]:
        """Each channel is an input, read through every tap."""
        return inputs, inner

    @classmethod
    def constant_taps(cls, inner: int, kernel: Pair, padding: Pair, dilation: Pair) -> tuple[int, ...]:
        """Tap ``r`` of an axis is interior when ``P <= r D <= (K - 1) D - P`` with padding P and dilation D."""
        axes = [
            [r for r in range(k) if p <= r * d <= (k - 1) * d - p]
            for k, p, d in zip(kernel, padding, dilation, strict=True)
        ]
        return tuple(row * kernel[1] + column for row in axes[0] for column in axes[1])

    @classmethod
    def constant_phases(
        cls, inner: int, kernel: Pair, padding: Pair, dilation: Pair, gaps: tuple[Pair, Pair]
    ) -> tuple[tuple[int, ...], ...]:
        """Output ``o`` sees a pixel through tap ``r`` of an axis where ``o - P + r D`` is a multiple of the spacing."""
        axes = [_axis_phases(*axis) for axis in zip(kernel, padding, dilation, *gaps, strict=True)]
        return tuple(
            tuple(row * kernel[1] + column for row in rows for column in columns)
            for rows in axes[0]
            for columns in axes[1]
        )

    @classmethod
    def by_parameter(cls, sizes: Tensor, inputs: int, inner: int) -> Tensor:
        """A tap meets every pixel of its channel, up to the border."""
        return sizes.flatten(2).amax(2, keepdim=True).expand(sizes.shape[0], inputs, inner)

    def require(self, call: Call) -> None:
        """Images."""
        require_image(call)

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """``nn.Conv2d`` and ``F.conv2d``."""
        return Spellings({nn.Conv2d: partial(of_module, _conv)}, {F.conv2d: _conv})


def _axis_phases(k: int, p: int, d: int, spacing: int, beyond: int) -> list[list[int]]:
    """Taps of one axis by phase ``o mod spacing``, those only that see a pixel at every ``o`` of their phase.

    The place ``o - p + r d`` of a pixel is one of ``0, s, ..., (h - 1) s``. The first output of the phase sees a place
    above ``-s``, so one that is at least 0, if ``r d - p > -s``. The last sees one of at most
    ``(h - 1) s + e + p - (k - 1) d + r d``, which is below ``h s`` if ``e + p - (k - 1) d + r d < s``.
    """
    whole = [r for r in range(k) if r * d - p > -spacing and beyond + p - (k - 1) * d + r * d < spacing]
    return [[r for r in whole if (p - r * d) % spacing == phase] for phase in range(spacing)]


def require_zeros(call: Call, padding_mode: str) -> None:
    """Check that the padding of a convolution is zeros.

    Raises:
        SltkError: another mode.
    """
    if padding_mode != "zeros":
        raise SltkError(f"layer {call.name!r} has padding_mode={padding_mode!r}; only 'zeros' is constructed.")


def of_module(read: Callable[..., tuple[Op, ...]], call: Call, m: nn.Conv2d | nn.Conv1d) -> tuple[Op, ...]:
    """What ``read`` makes of a module's tensors and geometry.

    Raises:
        SltkError: padding by anything but zeros.
    """
    require_zeros(call, m.padding_mode)
    return read(call, m.weight, m.bias, m.stride, m.padding, m.dilation, m.groups)


def _conv(
    call: Call, /, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> tuple[Op, ...]:  # fmt: skip
    return (convolution(call, weight, bias, stride, padding, dilation, groups),)


def convolution(
    call: Call, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Conv:
    """The 2-D convolution with torch's arguments, weights ``(out, in / groups, kh, kw)``.

    Raises:
        SltkError: padding that is not the same on both sides.
    """
    spread = both(dilation)
    padding = _padding(call, padding, (weight.shape[-2], weight.shape[-1]), spread)
    return Conv(call.name, *copied(weight, bias), both(stride), padding, spread, groups=groups)


def _padding(call: Call, padding: Any, kernel: Pair, dilation: Pair) -> Pair:
    if padding == "valid":
        return 0, 0
    if padding != "same":
        return both(padding)
    rows, columns = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    if rows % 2 or columns % 2:
        raise SltkError(f"layer {call.name!r} pads 'same' for kernel {kernel}: more on one side. Use an odd kernel.")
    return rows // 2, columns // 2


KIND = Conv
