"""Fully connected layers."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.affine import Affine
from sltk.networks.geometry import Geometry, Pair
from sltk.networks.op import Op
from sltk.networks.spelling import Call, Spellings, copied


@dataclass(frozen=True)
class Linear(Affine):
    """``y = W x + b`` with ``weight`` ``(out, in)`` and ``bias`` ``(out,)``, float64."""

    tag = "linear"

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(batch, in)`` to ``(batch, out)`` in the dtype of ``x``."""
        return F.linear(x, self.weight.to(x), self.bias.to(x))

    @property
    def geometry(self) -> Geometry:
        """One tap, no padding."""
        return Geometry((self.weight.shape[0], self.weight.shape[1], 1, 1))

    def correlate(self, weight: Tensor, x: Tensor) -> Tensor:
        """``x`` is ``(n, in)``, the result ``(n, rows)``."""
        return F.linear(x, weight.flatten(1))

    def output_positions(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """None; torch would import sympy to say so."""
        return ()

    def adjoint(self, weight: Tensor, c: Tensor, shape: tuple[int, ...], groups: int) -> Tensor:
        """``c`` is ``(n, rows)``, the result ``(n, in)``."""
        return c @ weight.flatten(1)

    def windows(self, x: Tensor) -> Tensor:
        """All inputs, at the one position."""
        return x.reshape(-1, 1)

    def support_reach(self, reach: Tensor) -> float:
        """A row's support times ``reach``, at most."""
        return float(((self.weight != 0).double() @ reach).max())

    @classmethod
    def mixing(cls, name: str, matrix: Tensor, shift: Tensor, shape: tuple[int, ...]) -> "Linear | None":
        """The matrix itself, on flat inputs."""
        return cls(name, matrix, shift) if len(shape) == 1 else None

    @classmethod
    def weight_shape(cls, outputs: int, inputs: int, inner: int, kernel: Pair) -> tuple[int, ...]:
        """A matrix: the numbers of one channel are columns of their own."""
        return outputs, inputs * inner

    @classmethod
    def grouped(cls, inputs: int, inner: int, channels: int | None) -> tuple[int, int]:
        """Pixels of a flattened channel stand together."""
        return (inputs, inner) if channels is None else (channels, inputs * inner // channels)

    @classmethod
    def univariate(cls, inputs: int, inner: int) -> tuple[int, int]:
        """Each number is an input of its own."""
        return inputs * inner, 1

    @classmethod
    def constant_taps(cls, inner: int, kernel: Pair, padding: Pair, dilation: Pair) -> tuple[int, ...]:
        """All: nothing is padded."""
        return tuple(range(inner))

    @classmethod
    def by_parameter(cls, sizes: Tensor, inputs: int, inner: int) -> Tensor:
        """Each parameter meets one number."""
        return sizes.reshape(sizes.shape[0], inputs, inner)

    def require(self, call: Call) -> None:
        """Flat inputs."""
        if len(call.shape) != 1:
            raise SltkError(
                f"layer {call.name!r} is linear on inputs of shape {call.shape}; flatten them before it, with "
                "nn.Flatten()."
            )

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """``nn.Linear`` and ``F.linear``."""
        modules = {nn.Linear: lambda call, module: _linear(call, module.weight, module.bias)}
        return Spellings(modules, {F.linear: _linear})


def _linear(call: Call, /, weight: Tensor, bias: Tensor | None = None) -> tuple[Op, ...]:
    return (Linear(call.name, *copied(weight, bias)),)


KIND = Linear
