"""Compiled loops behind the sparse layers; each handles one block of planes or one tile, without the interpreter lock.

Planes lie batch-innermost: position ``p`` of image ``b`` is entry ``front + p batch + b`` of its row. A weight is
then one multiple of one contiguous run of floats, whatever the kernel shape, and every run vectorises.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.compiled import fused, kernel

Ints = NDArray[np.int64]
Floats = NDArray[Any]


@fused  # sums keep their order, so a result does not depend on the number of threads
def accumulate(
    source: Floats,
    target: Floats,
    bias: Floats,
    pointer: Ints,
    plane: Ints,
    shift: Ints,
    value: Floats,
    rows: tuple[int, int],
    tile: tuple[int, int],
) -> None:
    """``target[r, t] = bias[r] + sum_k value[k] source[plane[k], t + shift[k]]`` for the rows and entries of one tile.

    Args:
        source: ``(planes, pitch)``; target: ``(rows, pitch')``; ``shift``: in entries of a plane.
        pointer: ``(rows + 1,)``, weights ``pointer[r] <= k < pointer[r + 1]`` belong to row ``r``.
        rows: first and last (exclusive) row; tile: the same for entries.
    """
    t0, t1 = tile
    n = t1 - t0
    for r in range(rows[0], rows[1]):
        y = target[r, t0:t1]
        y[:] = bias[r]
        k, end = pointer[r], pointer[r + 1]
        # Four weights for one pass over y: loads of y no longer bound the speed.
        while k + 4 <= end:
            a = source[plane[k], shift[k] + t0 : shift[k] + t1]
            b = source[plane[k + 1], shift[k + 1] + t0 : shift[k + 1] + t1]
            c = source[plane[k + 2], shift[k + 2] + t0 : shift[k + 2] + t1]
            d = source[plane[k + 3], shift[k + 3] + t0 : shift[k + 3] + t1]
            u, v, w, z = value[k], value[k + 1], value[k + 2], value[k + 3]
            for j in range(n):
                y[j] = (((y[j] + u * a[j]) + v * b[j]) + w * c[j]) + z * d[j]
            k += 4
        while k < end:
            a = source[plane[k], shift[k] + t0 : shift[k] + t1]
            u = value[k]
            for j in range(n):
                y[j] += u * a[j]
            k += 1


@kernel
def pack(
    images: Floats,
    planes: Floats,
    where: Ints,
    stride: tuple[int, int],
    grid: tuple[int, int],
    front: int,
    block: tuple[int, int],
) -> None:
    """Copy images ``(batch, c, h, w)`` into planes, with zeros before, after, and off the image.

    Position ``(g, f)`` of plane ``s`` is pixel ``(where[s, 1] + g stride_0, where[s, 2] + f stride_1)`` of channel
    ``where[s, 0]``.
    """
    batch, _, height, width = images.shape
    spans = _spans_inside(where[block[0] : block[1], 2], stride[1], grid[1], width)
    some = _planes_at_once(grid[1] * batch)
    for first in range(block[0], block[1], some):
        last = min(first + some, block[1])
        planes[first:last] = 0
        for g in range(grid[0]):
            at = front + g * grid[1] * batch
            # Image by image, since images lie at like addresses of a cache, and sixteen of them would share one set.
            for b in range(batch):
                for s in range(first, last):
                    h = where[s, 1] + g * stride[0]
                    if 0 <= h < height:
                        line, left = images[b, where[s, 0], h], where[s, 2]
                        for f in range(spans[s - block[0], 0], spans[s - block[0], 1]):
                            planes[s, at + f * batch + b] = line[left + f * stride[1]]


@kernel
def unpack(
    images: Floats,
    planes: Floats,
    where: Ints,
    stride: tuple[int, int],
    grid: tuple[int, int],
    block: tuple[int, int],
) -> None:
    """Copy planes without front back into images; positions off the image are dropped. Inverse of ``pack``."""
    batch, _, height, width = images.shape
    spans = _spans_inside(where[block[0] : block[1], 2], stride[1], grid[1], width)
    some = _planes_at_once(grid[1] * batch)
    for first in range(block[0], block[1], some):
        last = min(first + some, block[1])
        for g in range(grid[0]):
            at = g * grid[1] * batch
            for b in range(batch):
                for s in range(first, last):
                    h = where[s, 1] + g * stride[0]
                    if 0 <= h < height:
                        line, left = images[b, where[s, 0], h], where[s, 2]
                        for f in range(spans[s - block[0], 0], spans[s - block[0], 1]):
                            line[left + f * stride[1]] = planes[s, at + f * batch + b]


@kernel
def _spans_inside(left: Ints, stride: int, count: int, width: int) -> Ints:
    """For each plane the range of ``0 <= f < count`` with ``0 <= left + f stride < width``."""
    spans = np.empty((len(left), 2), dtype=np.int64)
    for s in range(len(left)):
        spans[s, 0] = max(0, (-left[s] + stride - 1) // stride)
        spans[s, 1] = min(count, (width - left[s] + stride - 1) // stride)
    return spans


@kernel
def _planes_at_once(row: int) -> int:
    """Planes whose grid rows of ``row`` entries stay together in a first-level cache."""
    return max(1, 4096 // row)
