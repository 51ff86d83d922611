"""A network as stages: one affine map each, what joins it by skips, and the elementwise and pooling steps after it.

This is the form in which the constructions read their target, and the certificates bound it. Weights
are float64 copies of the module's own numbers, with pruning masks already applied, so a zero is exact.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from sltk.networks.activations.activation import Activation
from sltk.networks.affine import Affine
from sltk.networks.op import Step
from sltk.networks.wiring import Wire, flow, is_chain, wires


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
    after: tuple[Step, ...] = ()
    reads: int | None = None
    adds: tuple[int, ...] = ()

    @property
    def activation(self) -> Activation | None:
        """The stage's activation; ``None`` where it is linear."""
        return activation_of(self.after)


@dataclass(frozen=True)
class Network:
    """Stages on inputs of ``input_shape`` (no batch axis), a chain unless they say what they read and add.

    ``before`` holds the steps that come before the first affine map (flatten, pooling).
    """

    input_shape: tuple[int, ...]
    stages: tuple[Stage, ...]
    before: tuple[Step, ...] = ()
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

    def on(self, device: torch.device) -> "Network":
        """The same network with its parameters on ``device``."""
        return replace(self, stages=tuple(replace(stage, affine=stage.affine.on(device)) for stage in self.stages))

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


def activation_of(steps: Sequence[Step]) -> Activation | None:
    """The activation among ``steps``; ``None`` where they are linear."""
    return next((step.elementwise for step in steps if step.elementwise is not None), None)
