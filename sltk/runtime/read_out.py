"""A sparse convolution of which a sparse linear layer reads few pixels, computed at those pixels alone.

A copy of a neuron is read at one pixel in ten or so by the layer behind a flatten; a convolution that computes all
pixels of all copies does ten times the work. Outputs are those of the layers one by one, up to the order of sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sltk.core.threads import over_cores
from sltk.networks.op import Op, Step
from sltk.networks.ops.flatten import Flatten
from sltk.runtime.in_place import empty, overwrite
from sltk.runtime.lane_kernels import LANES, pixels
from sltk.runtime.shift_kernels import Floats, Ints, accumulate
from sltk.runtime.shift_maps import ShiftMap
from sltk.runtime.sparse import SparseConv2d, SparseLinear
from sltk.runtime.tile_kernels import spread

FEW = 0.3
"""Share of the pixels up to which they are computed one by one, at a third of the speed of all together."""
_PIXELS = 1024
"""Pixels of a piece of work."""


@dataclass(frozen=True)
class ReadOut:
    """``linear(flatten(steps(conv(x))))`` for layers whose weights are frozen, without gradient."""

    conv: SparseConv2d
    steps: tuple[Step, ...]
    linear: SparseLinear

    @classmethod
    def of(cls, conv: nn.Module, steps: Sequence[Op], linear: nn.Module) -> "ReadOut | None":
        """The three as one, where the last reads few of what the first computes; else ``None``."""
        if not isinstance(conv, SparseConv2d) or not isinstance(linear, SparseLinear):
            return None
        if conv.value.dtype != linear.value.dtype or {conv.value.device.type, linear.value.device.type} != {"cpu"}:
            return None
        between = tuple(step for step in steps[:-1] if isinstance(step, Step) and step.elementwise is not None)
        if len(between) < len(steps) - 1 or not isinstance(steps[-1], Flatten):
            return None
        few = linear.tables().planes <= FEW * linear.in_features
        return cls(conv, between, linear) if few else None

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(batch, c, h, w)`` to ``(batch, out)``; each sum is off by as much as that of the layer it stands for.

        Args:
            x: in the dtype of the weights, on the CPU.
        """
        kept = self.conv.tables().convolution(x.shape[2], x.shape[3], self.conv.value)
        count = len(kept.source.where)
        # Planes lie side by side at each position: what a pixel reads is in a few runs of memory.
        wanted = self.linear.tables().pixels(*kept.image[1:], kept.target.grid[1]) * (1, 1, count)
        shift = (kept.rows.shift * count + kept.rows.plane).astype(np.uint32)
        planes = empty(kept.source.positions * count * LANES, dtype=x.dtype).numpy()
        found: list[Tensor] = []
        for images in x.detach().permute(1, 2, 3, 0).split(LANES, dim=3):
            here = images.shape[3]
            filled_up = F.pad(images, (0, LANES - here)) if here < LANES else images
            _spread(kept, filled_up.contiguous().numpy(), planes)
            found.append(self._read(self._computed(kept, planes, shift, wanted))[:, :here].T)
        return torch.cat(found)

    def _computed(self, kept: ShiftMap, planes: Floats, shift: NDArray[np.uint32], wanted: Ints) -> Tensor:
        """``(pixels that are read, LANES)``, behind the steps."""
        rows, bias, (down, right) = kept.rows, self.conv.bias.contiguous().numpy(), self.conv.geometry.reach
        planes_of_one, pitch = len(kept.source.where), kept.source.grid[1]
        ahead = planes_of_one, right * planes_of_one, pitch * planes_of_one, down + 1
        y = empty(len(wanted), LANES, dtype=self.conv.value.dtype)
        target = y.numpy().reshape(-1)

        def compute(_: None, low: int, high: int) -> None:
            pixels(planes, target, bias, rows.pointer, shift, rows.value, wanted, ahead, (low, high))

        over_cores(compute, len(wanted), _PIXELS, lambda: None)
        for step in self.steps:
            if step.elementwise is None or not overwrite(step.elementwise, y):
                y = step(y)
        return y

    def _read(self, y: Tensor) -> Tensor:
        """``(out, LANES)``."""
        rows = self.linear.tables().convolution(1, 1, self.linear.value).rows
        result = y.new_empty(self.linear.out_features, LANES)
        bias, block = self.linear.bias.contiguous().numpy(), (0, self.linear.out_features)
        accumulate(y.numpy(), result.numpy(), bias, rows.pointer, rows.plane, rows.shift, rows.value, block, (0, LANES))
        return result


def _spread(kept: ShiftMap, images: Floats, planes: Floats) -> None:
    source = kept.source

    def load(_: None, low: int, high: int) -> None:
        spread(images, planes, source.where, source.stride, source.grid, (low, high))

    over_cores(load, source.grid[0], 1, lambda: None)
    planes[source.grid[0] * source.grid[1] * len(source.where) * LANES :] = 0
