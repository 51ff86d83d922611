"""A network as stages: one affine map each, what joins it by skips, and the elementwise and pooling steps after it.

This is the form in which the constructions read their target, and the certificates bound it. Weights
are float64 copies of the module's own numbers, with pruning masks already applied, so a zero is exact.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.networks.activations.table import Activation
from sltk.networks.wiring import Wire, flow, is_chain, wires

Pair = tuple[int, int]


@dataclass(frozen=True)
class Linear:
    """``y = W x + b`` with ``weight`` ``(out, in)`` and ``bias`` ``(out,)``, float64."""

    name: str
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(batch, in)`` to ``(batch, out)`` in the dtype of ``x``."""
        return F.linear(x, self.weight.to(x), self.bias.to(x))


@dataclass(frozen=True)
class Conv:
    """2-D cross-correlation, zero padding, ``weight`` ``(out, in, kh, kw)`` and ``bias`` ``(out,)``, float64."""

    name: str
    weight: Tensor
    bias: Tensor
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, h, w)`` to ``(batch, out, h', w')`` in the dtype of ``x``."""
        return F.conv2d(x, self.weight.to(x), self.bias.to(x), self.stride, self.padding, self.dilation)


Affine = Linear | Conv


@dataclass(frozen=True)
class Act:
    """An elementwise activation."""

    activation: Activation

    def __call__(self, x: Tensor) -> Tensor:
        """Apply the activation."""
        return self.activation(x)


@dataclass(frozen=True)
class AvgPool:
    """2-D average pooling, with the arguments of ``torch.nn.AvgPool2d``."""

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    ceil_mode: bool = False
    count_include_pad: bool = True

    def __call__(self, x: Tensor) -> Tensor:
        """Pool ``(batch, c, h, w)``."""
        return F.avg_pool2d(x, self.kernel, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


@dataclass(frozen=True)
class MaxPool:
    """2-D max pooling (padding counts as minus infinity), with the arguments of ``torch.nn.MaxPool2d``."""

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    ceil_mode: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """Pool ``(batch, c, h, w)``."""
        return F.max_pool2d(x, self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode)


@dataclass(frozen=True)
class Flatten:
    """``(batch, c, h, w) -> (batch, c h w)``, channel-major as in torch."""

    def __call__(self, x: Tensor) -> Tensor:
        """Flatten all but the batch axis."""
        return x.flatten(1)


Op = Act | AvgPool | MaxPool | Flatten


@dataclass(frozen=True)
class Stage:
    """``after(affine(x) + skips)``.

    Args:
        affine: maps what the stage reads.
        after: steps that follow the sum, in order.
        reads: index of the stage whose output is read; ``None`` for the one before, -1 for the network's input.
        adds: indices of stages whose outputs are added to the affine map's.
    """

    affine: Affine
    after: tuple[Op, ...] = ()
    reads: int | None = None
    adds: tuple[int, ...] = ()

    @property
    def activation(self) -> Activation | None:
        """The stage's activation; ``None`` where it is linear."""
        return next((op.activation for op in self.after if isinstance(op, Act)), None)


@dataclass(frozen=True)
class Network:
    """Stages on inputs of ``input_shape`` (no batch axis), a chain unless they say what they read and add.

    ``before`` holds the steps that come before the first affine map (flatten, pooling).
    """

    input_shape: tuple[int, ...]
    stages: tuple[Stage, ...]
    before: tuple[Op, ...] = ()
    _shapes: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        shapes = []

        def step(index: int, x: Tensor, skips: list[Tensor]) -> Tensor:
            mapped = self.stages[index].affine(x)
            out = run(self.stages[index].after, sum(skips, mapped))
            shapes.append((tuple(x.shape[1:]), tuple(mapped.shape[1:]), tuple(out.shape[1:])))
            return out

        flow(self.stages, run(self.before, torch.zeros(1, *self.input_shape)), step)
        object.__setattr__(self, "_shapes", shapes)

    @property
    def wires(self) -> list[Wire]:
        """What each stage reads and adds."""
        return wires(self.stages)

    @property
    def chain(self) -> bool:
        """Whether the stages are a chain without skips."""
        return is_chain(self.stages)

    def shapes(self, index: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Shapes (no batch axis) that enter stage ``index``, leave its affine map, and leave the stage."""
        return self._shapes[index]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output, no batch axis."""
        return self._shapes[-1][2]

    def __call__(self, x: Tensor) -> Tensor:
        """Evaluate ``(batch, *input_shape)`` in the dtype of ``x``."""

        def step(index: int, x: Tensor, skips: list[Tensor]) -> Tensor:
            return run(self.stages[index].after, sum(skips, self.stages[index].affine(x)))

        return flow(self.stages, run(self.before, x), step)

    def count(self) -> int:
        """Number of non-zero weights and biases."""
        tensors = [t for s in self.stages for t in (s.affine.weight, s.affine.bias)]
        return sum(int(torch.count_nonzero(t)) for t in tensors)

    def size(self) -> int:
        """Number of weights and biases, zeros included."""
        return sum(math.prod(t.shape) for s in self.stages for t in (s.affine.weight, s.affine.bias))


def run(ops: Sequence[Callable[[Tensor], Tensor]], x: Tensor) -> Tensor:
    """Apply ``ops`` to ``x`` in order."""
    for op in ops:
        x = op(x)
    return x
