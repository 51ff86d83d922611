"""A sparse convolution as a sum of shifted planes, and its transpose as another.

Write ``a d = s q + r`` with ``0 <= r < s`` for tap ``a``, dilation ``d`` and stride ``s``. Output ``i`` reads padded
pixel ``i s + a d = s (i + q) + r``: position ``i + q`` of phase image ``r``. On phase images every stride is 1, and on
a grid as wide as ``outputs + max q`` a tap is one shift of the flat grid: ``y_o(t) = sum_k v_k x_{p(k)}(t + q_k)``. The
transpose is ``g_p(t) = sum_k v_k y_{o(k)}(t - q_k)``, where zeros around ``y`` absorb what falls off its rows.
"""

import itertools
import math
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sltk.core.threads import threads
from sltk.networks.geometry import Pair
from sltk.runtime.shift_kernels import Floats, Ints, accumulate, convolve, pack, unpack

_TILE = 960
"""Entries of one tile: a target tile and four sources of it stay in a first-level cache of 32 KiB."""
_LANES = 8
"""Images in a pass over large planes: few enough for the caches, enough to pay for starting the tasks of a pass."""
_BUFFER_BYTES = 1 << 27
"""Aim for the size of the planes of one pass; fewer images share a pass where planes are large."""
_SERIAL = 1 << 20
"""Multiply-adds below which threads cost more than they bring."""
_SHARES = 4
"""Tasks for each thread, so that a slow task does not hold up the others for long."""


@dataclass(frozen=True)
class Planes:
    """Flattened grids, one row each, that hold pixels of images, between two runs of zeros.

    Args:
        where: ``(planes, 3)``: channel, top row and left column of the pixel at grid position (0, 0).
        stride: pixels between neighbouring positions.
        grid: positions along both axes.
        front: positions of zeros before the grid.
        back: positions of zeros after the grid.
    """

    where: Ints
    stride: Pair
    grid: Pair
    front: int = 0
    back: int = 0

    @property
    def positions(self) -> int:
        """Positions in a row."""
        return self.front + self.grid[0] * self.grid[1] + self.back

    @property
    def size(self) -> int:
        """Positions in all rows."""
        return len(self.where) * self.positions


@dataclass(frozen=True)
class Rows:
    """Weights by target row: ``pointer`` ``(rows + 1,)``, and for each weight its source plane and its shift."""

    pointer: Ints
    plane: Ints
    shift: Ints
    value: Floats


@dataclass(frozen=True)
class ShiftMap:
    """``y_r(t) = bias_r + sum_k v_k x_{p(k)}(t + q_k)`` from planes of one stack of images to planes of another.

    Args:
        source: planes that are read; ``t + q_k`` lies in their rows for every target position ``t``.
        target: planes that are written, without front or back.
        rows: the weights.
        image: ``(channels, height, width)`` of the result.
        whole: the target planes hold all of the result.
    """

    source: Planes
    target: Planes
    rows: Rows
    image: tuple[int, int, int]
    whole: bool

    def __call__(self, images: Tensor, bias: Tensor) -> Tensor:
        """Map ``(batch, c, h, w)`` to ``(batch, *image)``.

        Args:
            images: float32 or float64, on the CPU.
            bias: ``(rows,)`` in the same dtype.

        Returns:
            The result in the same dtype, its images innermost in memory; zero where no target plane lies; a sum of
            ``m`` products is off by at most ``(m + 1) u / (1 - (m + 1) u)`` times the sum of their magnitudes, ``u``
            the unit roundoff.
        """
        batch = images.shape[0]
        # Images lie innermost in memory, as in the planes: the next layer then copies whole rows of them.
        result = (torch.empty if self.whole else torch.zeros)(*self.image, batch, dtype=images.dtype)
        step = self._images_per_pass(batch, images.element_size())
        # Buffers are shared by the passes: fresh pages cost as much as the transposition itself.
        read = torch.empty(self.source.size * step, dtype=images.dtype).numpy()
        written = torch.empty(0 if self.direct else self.target.size * step, dtype=images.dtype).numpy()
        arrays = images.permute(1, 2, 3, 0).contiguous().numpy(), result.numpy(), bias.contiguous().numpy()
        workers = threads() if len(self.rows.value) * self.target.positions * batch > _SERIAL else 1
        with ThreadPoolExecutor(workers) as pool:
            for first in range(0, batch, step):
                lanes = first, min(step, batch - first)
                _Pass(self, *arrays, read, written, lanes).run(pool, workers)
        return result.permute(3, 0, 1, 2)

    @property
    def direct(self) -> bool:
        """Whether target planes are the channels of the result, row by row."""
        return self.whole and self.target.stride == (1, 1)

    def _images_per_pass(self, batch: int, itemsize: int) -> int:
        wanted = max(_LANES, _TILE // max(self.target.positions, 1))
        allowed = _BUFFER_BYTES // max((self.source.size + self.target.size) * itemsize, 1)
        step = min(wanted, allowed)
        step = step - step % _LANES if step > _LANES else step
        return max(1, min(step, batch))

    def tasks(self, batch: int, workers: int) -> list[tuple[Pair, Pair]]:
        """(rows, entries) blocks of about equal work, tiles first: rows are split only where tiles are few."""
        tiles = list(_spans(self.target.positions * batch, max(1, _TILE // batch) * batch))
        pointer = self.rows.pointer
        parts = min(len(pointer) - 1, math.ceil(_SHARES * workers / max(len(tiles), 1))) if workers > 1 else 1
        # A row costs its weights and a constant, so rows without weights are shared out too.
        cost = pointer + np.arange(len(pointer))
        cuts = np.searchsorted(cost, np.linspace(0, cost[-1], parts + 1)).tolist()
        return [(rows, tile) for tile in tiles for rows in itertools.pairwise(cuts) if rows[0] < rows[1]]


@dataclass(frozen=True)
class _Pass:
    """One application of a map to images that share a buffer; ``lanes``: the first of them, and how many."""

    map: ShiftMap
    images: Floats
    result: Floats
    bias: Floats
    read: Floats
    written: Floats
    lanes: Pair

    def run(self, pool: Executor, workers: int) -> None:
        batch, source, target = self.lanes[1], self.map.source, self.map.target
        read = self.read[: source.size * batch].reshape(len(source.where), source.positions * batch)
        rows, shift = self.map.rows, self.map.rows.shift * batch
        sums = rows.pointer, rows.plane, shift, rows.value

        def load(block: Pair) -> None:
            pack(self.images, read, source.where, source.stride, source.grid, source.front, self.lanes, block)

        def convolved(task: tuple[Pair, Pair]) -> None:
            convolve(read, self.result, self.bias, *sums, *task, target.grid[1], self.lanes)

        run, tasks = pool.map if workers > 1 else map, self.map.tasks(batch, workers)
        # A map is lazy: a step has ended, and has raised what it raises, only when its results were asked for.
        list(run(load, _even(len(source.where), workers)))
        if self.map.direct:
            list(run(convolved, tasks))
            return
        written = self.written[: target.size * batch].reshape(len(target.where), target.positions * batch)

        def multiply(task: tuple[Pair, Pair]) -> None:
            accumulate(read, written, self.bias, *sums, *task)

        def store(block: Pair) -> None:
            unpack(self.result, written, target.where, target.stride, target.grid, self.lanes, block)

        list(run(multiply, tasks))
        list(run(store, _even(len(target.where), workers)))


def _spans(total: int, length: int) -> list[Pair]:
    return [(first, min(first + length, total)) for first in range(0, total, length)]


def _even(total: int, workers: int) -> list[Pair]:
    return _spans(total, max(1, math.ceil(total / (_SHARES * workers if workers > 1 else 1))))
