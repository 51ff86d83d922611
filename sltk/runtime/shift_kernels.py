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
    for r in range(rows[0], rows[1]):
        y = target[r, tile[0] : tile[1]]
        _sum(source, y, bias[r], plane, shift, value, pointer[r], pointer[r + 1], tile[0])


@fused
def convolve(
    source: Floats,
    images: Floats,
    bias: Floats,
    pointer: Ints,
    plane: Ints,
    shift: Ints,
    value: Floats,
    rows: tuple[int, int],
    tile: tuple[int, int],
    wide: int,
    lanes: tuple[int, int],
) -> None:
    """The same sums, written to row ``r`` of images ``(rows, h, w, all)``; positions of the tile off them are dropped.

    Args:
        source, bias, pointer, plane, shift, value, rows: as above; the tile holds whole positions.
        wide: positions from one row of pixels to the next; lanes: first image, and how many lie side by side.
    """
    width, batch = images.shape[2], lanes[1]
    y = np.empty(tile[1] - tile[0], dtype=images.dtype)
    first, end = tile[0] // batch, tile[1] // batch
    for r in range(rows[0], rows[1]):
        _sum(source, y, bias[r], plane, shift, value, pointer[r], pointer[r + 1], tile[0])
        for g in range(first // wide, (end - 1) // wide + 1):
            left, right = max(first, g * wide), min(end, g * wide + width)
            if batch == images.shape[3]:
                if left < right:
                    seen = images[r, g].reshape(-1)
                    seen[(left - g * wide) * batch : (right - g * wide) * batch] = y[
                        (left - first) * batch : (right - first) * batch
                    ]
                continue
            for t in range(left, right):
                for b in range(batch):
                    images[r, g, t - g * wide, lanes[0] + b] = y[(t - first) * batch + b]


@fused
def _sum(
    source: Floats,
    y: Floats,
    start: float,
    plane: Ints,
    shift: Ints,
    value: Floats,
    k: int,
    end: int,
    t0: int,
) -> None:
    """``y[j] = start + sum_k value[k] source[plane[k], t0 + j + shift[k]]`` over the weights before ``end``."""
    n = len(y)
    t1 = t0 + n
    y[:] = start
    # Eight weights for one pass over y: loads of y no longer bound the speed.
    while k + 8 <= end:
        a = source[plane[k], shift[k] + t0 : shift[k] + t1]
        b = source[plane[k + 1], shift[k + 1] + t0 : shift[k + 1] + t1]
        c = source[plane[k + 2], shift[k + 2] + t0 : shift[k + 2] + t1]
        d = source[plane[k + 3], shift[k + 3] + t0 : shift[k + 3] + t1]
        e = source[plane[k + 4], shift[k + 4] + t0 : shift[k + 4] + t1]
        f = source[plane[k + 5], shift[k + 5] + t0 : shift[k + 5] + t1]
        g = source[plane[k + 6], shift[k + 6] + t0 : shift[k + 6] + t1]
        h = source[plane[k + 7], shift[k + 7] + t0 : shift[k + 7] + t1]
        u, v, w, z = value[k], value[k + 1], value[k + 2], value[k + 3]
        p, q, o, m = value[k + 4], value[k + 5], value[k + 6], value[k + 7]
        for j in range(n):
            x = (((y[j] + u * a[j]) + v * b[j]) + w * c[j]) + z * d[j]
            y[j] = (((x + p * e[j]) + q * f[j]) + o * g[j]) + m * h[j]
        k += 8
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
    lanes: tuple[int, int],
    block: tuple[int, int],
) -> None:
    """Copy images ``(c, h, w, all)`` into planes, with zeros before, after, and off the image.

    Position ``(g, f)`` of plane ``s`` is pixel ``(where[s, 1] + g stride_0, where[s, 2] + f stride_1)`` of channel
    ``where[s, 0]``.

    Args:
        front: positions of zeros before the grid; lanes: first image and number of images; block: of planes.
    """
    height, width, batch = images.shape[1], images.shape[2], lanes[1]
    spans = _spans_inside(where[block[0] : block[1], 2], stride[1], grid[1], width)
    for s in range(block[0], block[1]):
        low, high = spans[s - block[0], 0], spans[s - block[0], 1]
        planes[s] = 0
        for g in range(grid[0]):
            h = where[s, 1] + g * stride[0]
            if not 0 <= h < height:
                continue
            image, row = images[where[s, 0], h], planes[s, (front + g * grid[1]) * batch :]
            if stride[1] == 1 and batch == images.shape[3]:
                row[low * batch : high * batch] = image[where[s, 2] + low : where[s, 2] + high].reshape(-1)
                continue
            for f in range(low, high):
                for b in range(batch):
                    row[f * batch + b] = image[where[s, 2] + f * stride[1], lanes[0] + b]


@kernel
def unpack(
    images: Floats,
    planes: Floats,
    where: Ints,
    stride: tuple[int, int],
    grid: tuple[int, int],
    lanes: tuple[int, int],
    block: tuple[int, int],
) -> None:
    """Copy planes without front back into images; positions off the image are dropped. Inverse of ``pack``."""
    height, width, batch = images.shape[1], images.shape[2], lanes[1]
    spans = _spans_inside(where[block[0] : block[1], 2], stride[1], grid[1], width)
    for s in range(block[0], block[1]):
        low, high = spans[s - block[0], 0], spans[s - block[0], 1]
        for g in range(grid[0]):
            h = where[s, 1] + g * stride[0]
            if not 0 <= h < height:
                continue
            image, row = images[where[s, 0], h], planes[s, g * grid[1] * batch :]
            if stride[1] == 1 and batch == images.shape[3]:
                image[where[s, 2] + low : where[s, 2] + high].reshape(-1)[:] = row[low * batch : high * batch]
                continue
            for f in range(low, high):
                for b in range(batch):
                    image[where[s, 2] + f * stride[1], lanes[0] + b] = row[f * batch + b]


@kernel
def _spans_inside(left: Ints, stride: int, count: int, width: int) -> Ints:
    """For each plane the range of ``0 <= f < count`` with ``0 <= left + f stride < width``."""
    spans = np.empty((len(left), 2), dtype=np.int64)
    for s in range(len(left)):
        spans[s, 0] = max(0, (-left[s] + stride - 1) // stride)
        spans[s, 1] = min(count, (width - left[s] + stride - 1) // stride)
    return spans
