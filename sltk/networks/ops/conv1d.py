"""1-D convolutions: those of images of height 1, on lines of shape ``(channels, length)``."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.geometry import Geometry
from sltk.networks.op import Op
from sltk.networks.ops.conv import Conv, convolution, of_module
from sltk.networks.spelling import Call, Spellings, require_axes


@dataclass(frozen=True)
class Conv1d(Conv):
    """1-D cross-correlation, zero padding, ``weight`` ``(out, in / groups, k)`` and ``bias`` ``(out,)``, float64.

    Stride, padding and dilation are those of an image of height 1: ``(1, s)``, ``(0, p)``, ``(1, d)``.
    """

    tag = "conv1d"

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, l)`` to ``(batch, out, l')`` in the dtype of ``x``."""
        stride, padding, dilation = self.stride[1], self.padding[1], self.dilation[1]
        return F.conv1d(x, self.weight.to(x), self.bias.to(x), stride, padding, dilation, self.groups)

    @property
    def geometry(self) -> Geometry:
        """That of the image."""
        rows, channels, taps = self.weight.shape
        return Geometry((rows, channels, 1, taps), self.stride, self.padding, self.dilation)

    def correlate(self, weight: Tensor, x: Tensor) -> Tensor:
        """``x`` is ``(n, in, l)``, the result ``(n, rows, l')``."""
        return super().correlate(weight, x[:, :, None])[:, :, 0]

    def output_positions(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Length, as width of an image of height 1."""
        return super().output_positions((shape[0], 1, shape[1]))[1:]

    def adjoint(self, weight: Tensor, c: Tensor, shape: tuple[int, ...], groups: int) -> Tensor:
        """``c`` is ``(n, rows, l')``, the result ``(n, in, l)``."""
        return super().adjoint(weight, c[:, :, None], (shape[0], 1, *shape[1:]), groups)[:, :, 0]

    def windows(self, x: Tensor) -> Tensor:
        """The taps under each place of the output."""
        return self._image().windows(x[:, :, None])

    def support_reach(self, reach: Tensor) -> float:
        """That of the image."""
        return self._image().support_reach(reach[:, None])

    def _image(self) -> Conv:
        fields = {**vars(self), "weight": self.weight[:, :, None]}
        return Conv(**fields)

    @classmethod
    def mixing(cls, name: str, matrix: Tensor, shift: Tensor, shape: tuple[int, ...]) -> "Conv1d | None":
        """One tap, on lines."""
        return cls(name, matrix[:, :, None], shift) if len(shape) == 2 else None

    @classmethod
    def weight_shape(cls, outputs: int, inputs: int, inner: int, kernel: tuple[int, int]) -> tuple[int, ...]:
        """The taps are an axis of their own."""
        return outputs, inputs, kernel[1]

    def require(self, call: Call) -> None:
        """Lines."""
        require_axes(call, 1)

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """``nn.Conv1d`` and ``F.conv1d``."""
        return Spellings({nn.Conv1d: partial(of_module, _conv)}, {F.conv1d: _conv})


def _conv(
    call: Call, /, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> tuple[Op, ...]:  # fmt: skip
    """Along the columns of an image of height 1, whose rows are not padded."""
    across = padding if isinstance(padding, str) else (0, _one(padding))
    image = convolution(call, weight[:, :, None], bias, (1, _one(stride)), across, (1, _one(dilation)), groups)
    fields = {**vars(image), "weight": image.weight[:, :, 0]}
    return (Conv1d(**fields),)


def _one(value: Any) -> int:
    return value if isinstance(value, int) else value[0]


KIND = Conv1d
