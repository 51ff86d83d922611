"""Compiled sums of a sparse convolution on one tile of positions, for ``LANES`` images at once.

A weight is one multiple of ``TILE`` vectors, the positions of a tile in rows of ``ACROSS``. Their sums stay in
registers for all weights of one row that read the same few planes, and these planes, as much of them as the tile sees,
stay in a first-level cache for all rows. Compiled from loops, sums and sources would go through memory for every weight
or two.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.compiled import fused, instructions, kernel
from sltk.runtime.lane_kernels import LANES

DOWN, ACROSS = 2, 4  # positions of a tile
TILE = DOWN * ACROSS  # vectors of sums: eight registers of 512 bits, beside one of the weight

Ints = NDArray[np.int64]
Floats = NDArray[Any]
Pair = tuple[int, int]


@instructions
def _weigh(context: Any, sums: Any, at: Any, window: Any, below: Any, offset: Any, value: Any, first: Any,
           end: Any) -> Any:  # fmt: skip
    """``sums[at + u] += sum_k value[k] window[offset[k] + place(u)]`` for ``first <= k < end`` and a tile's vectors.

    Vector ``u`` lies at ``u LANES``, and its place in the window at ``(u // ACROSS) below + u % ACROSS`` vectors.
    Nothing is checked: all of it has to lie within the arrays, and both start at a multiple of a vector's size.
    """
    from llvmlite import ir
    from numba.core import types

    signature = types.void(sums, at, window, below, offset, value, first, end)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def data(number: int) -> Any:
            return context.make_array(signature.args[number])(context, builder, given[number]).data

        int32, int64 = ir.IntType(32), ir.IntType(64)
        number = context.get_value_type(signature.args[0].dtype)
        vector = ir.VectorType(number, LANES)
        size = LANES * signature.args[0].dtype.bitwidth // 8
        undefined = ir.Constant(vector, ir.Undefined)
        zeros = ir.Constant(ir.VectorType(int32, LANES), [0] * LANES)
        there = builder.bitcast(builder.gep(data(0), [given[1]]), vector.as_pointer())
        rows = [builder.bitcast(data(2), vector.as_pointer())]
        for _ in range(DOWN - 1):
            rows.append(builder.gep(rows[-1], [given[3]]))
        offsets, values, end = data(4), data(5), given[7]

        def spread(one: Any) -> Any:
            return builder.shuffle_vector(builder.insert_element(undefined, one, int32(0)), undefined, zeros)

        def added(k: Any, sums: list[Any]) -> list[Any]:
            offset = builder.zext(builder.load(builder.gep(offsets, [k])), int64)
            weight = spread(builder.load(builder.gep(values, [k])))
            more = list[Any]()
            for u, one in enumerate(sums):
                read = builder.gep(builder.gep(rows[u // ACROSS], [offset]), [int64(u % ACROSS)])
                product = builder.fmul(builder.load(read, align=size), weight, flags=("contract",))
                more.append(builder.fadd(product, one, flags=("contract",)))
            return more

        start = [builder.load(builder.gep(there, [int64(u)]), align=size) for u in range(TILE)]
        before = builder.basic_block
        test, body, after = (builder.append_basic_block() for _ in range(3))
        builder.branch(test)
        builder.position_at_end(test)
        k, sums = builder.phi(int64), [builder.phi(vector) for _ in start]
        builder.cbranch(builder.icmp_signed("<", k, end), body, after)
        builder.position_at_end(body)
        more, onward = added(k, sums), builder.add(k, int64(1))
        builder.branch(test)
        for phi, enters, returns in zip([k, *sums], [given[6], *start], [onward, *more], strict=True):
            phi.add_incoming(enters, before)
            phi.add_incoming(returns, body)
        builder.position_at_end(after)
        for u, one in enumerate(sums):
            builder.store(one, builder.gep(there, [int64(u)]), align=size)
        return context.get_dummy_value()

    return signature, generate


@instructions
def copy(context: Any, target: Any, to: Any, source: Any, start: Any, count: Any) -> Any:
    """``target[to + j] = source[start + j]`` for ``0 <= j < count LANES``. Nothing is checked."""
    from llvmlite import ir
    from numba.core import types

    signature = types.void(target, to, source, start, count)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        int64 = ir.IntType(64)
        vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
        align = signature.args[0].dtype.bitwidth // 8

        def vectors(number: int, first: Any) -> Any:
            data = context.make_array(signature.args[number])(context, builder, given[number]).data
            return builder.bitcast(builder.gep(data, [first]), vector.as_pointer())

        there, here = vectors(0, given[1]), vectors(2, given[3])
        before = builder.basic_block
        test, body, after = (builder.append_basic_block() for _ in range(3))
        builder.branch(test)
        builder.position_at_end(test)
        k = builder.phi(int64)
        builder.cbranch(builder.icmp_signed("<", k, given[4]), body, after)
        builder.position_at_end(body)
        builder.store(builder.load(builder.gep(here, [k]), align=align), builder.gep(there, [k]), align=align)
        onward = builder.add(k, int64(1))
        builder.branch(test)
        k.add_incoming(int64(0), before)
        k.add_incoming(onward, body)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return signature, generate


@kernel
def gather(
    images: Floats, window: Floats, where: Ints, planes: Pair, stride: Pair, size: Pair, corner: Pair, lane: int
) -> None:
    """Copy what a tile sees of some planes into ``window``, plane by plane, with zeros off the images.

    Args:
        images: ``(c, h, w, all)``; the ``LANES`` from ``lane`` on are copied.
        where: ``(planes, 3)``: channel, top row and left column of the pixel at position (0, 0) of a plane.
        planes: first and last (exclusive); stride: pixels between neighbouring positions.
        size: positions of a window along both axes; corner: its first.
    """
    height, width, batch = images.shape[1], images.shape[2], images.shape[3]
    flat, line, to = images.reshape(-1), size[1] * LANES, 0
    for s in range(planes[0], planes[1]):
        left = where[s, 2] + corner[1] * stride[1]
        low = min(max(0, (-left + stride[1] - 1) // stride[1]), size[1])
        high = max(low, min(size[1], (width - left + stride[1] - 1) // stride[1]))
        for g in range(size[0]):
            h = where[s, 1] + (corner[0] + g) * stride[0]
            if h < 0 or h >= height:
                window[to : to + line] = 0
            else:
                # Most rows lie on the images, and an empty slice costs as much as three vectors.
                if low > 0:
                    window[to : to + low * LANES] = 0
                if high < size[1]:
                    window[to + high * LANES : to + line] = 0
                start = ((where[s, 0] * height + h) * width + left) * batch + lane
                if stride[1] == 1 and batch == LANES:
                    copy(window, to + low * LANES, flat, start + low * LANES, high - low)
                else:
                    for f in range(low, high):
                        copy(window, to + f * LANES, flat, start + f * stride[1] * batch, 1)
            to += line


@kernel
def spread(images: Floats, target: Floats, where: Ints, stride: Pair, grid: Pair, rows: Pair) -> None:
    """Copy images into ``target``, position by position, in each plane by plane, with zeros off the images.

    Args:
        images: ``(c, h, w, LANES)``; target: ``(positions, planes, LANES)``, flat, at least those of the grid.
        where, stride: as in ``gather``; grid: positions along both axes; rows: of the grid, first and last (exclusive).
    """
    height, width, planes = images.shape[1], images.shape[2], len(where)
    flat = images.reshape(-1)
    for g in range(rows[0], rows[1]):
        for s in range(planes):
            h, to = where[s, 1] + g * stride[0], (g * grid[1] * planes + s) * LANES
            start = ((where[s, 0] * height + h) * width + where[s, 2]) * LANES
            for f in range(grid[1]):
                if 0 <= h < height and 0 <= where[s, 2] + f * stride[1] < width:
                    copy(target, to, flat, start + f * stride[1] * LANES, 1)
                else:
                    target[to : to + LANES] = 0
                to += planes * LANES


@fused
def convolve_tiles(
    images: Floats,
    result: Floats,
    bias: Floats,
    planes: tuple[Ints, Ints],
    lists: tuple[Ints, NDArray[np.int32], NDArray[np.int32]],
    weights: tuple[NDArray[np.uint16], Floats],
    workspace: tuple[Floats, Floats],
    stride: Pair,
    size: Pair,
    tasks: Pair,
) -> None:
    """``result[r, y, x] = bias[r] + sum_k value[k] plane(k)[y + .., x + ..]`` for some tiles and ``LANES`` images each.

    Args:
        images: ``(c, h, w, all)``, contiguous, a multiple of ``LANES`` of them; result: ``(rows, h', w', all)``.
        bias: ``(rows,)``.
        planes: where they are (see ``gather``), and the first of each chunk, the end behind them.
        lists: chunk ``c`` has lists ``start[c] <= i < start[c + 1]``; list ``i`` is of ``row[i]``, and has the weights
            ``first[i] <= k < first[i + 1]``.
        weights: offset in a chunk's window, in vectors, and value.
        workspace: a chunk's window, and ``TILE`` vectors a row; both start at a multiple of a vector's size.
        stride, size: of the planes, and of a window (see ``gather``).
        tasks: first and last (exclusive) of the tiles, row by row, of the first ``LANES`` images, then of the next.
    """
    (where, chunks), (start, row, first), (offset, value), (window, sums) = planes, lists, weights, workspace
    height, width, batch = result.shape[1], result.shape[2], result.shape[3]
    down, across = -(-height // DOWN), -(-width // ACROSS)
    flat = result.reshape(-1)
    for task in range(tasks[0], tasks[1]):
        lane, tile = task // (down * across) * LANES, task % (down * across)
        y, x = tile // across * DOWN, tile % across * ACROSS
        for r in range(len(bias)):
            for b in range(TILE * LANES):
                sums[r * TILE * LANES + b] = bias[r]
        for c in range(len(chunks) - 1):
            gather(images, window, where, (chunks[c], chunks[c + 1]), stride, size, (y, x), lane)
            for i in range(start[c], start[c + 1]):
                at = np.int64(row[i]) * (TILE * LANES)
                _weigh(sums, at, window, size[1], offset, value, np.int64(first[i]), np.int64(first[i + 1]))
        for r in range(len(bias)):
            for i in range(min(DOWN, height - y)):
                to, at = ((r * height + y + i) * width + x) * batch + lane, (r * TILE + i * ACROSS) * LANES
                if batch == LANES:
                    copy(flat, to, sums, at, min(ACROSS, width - x))
                else:
                    for j in range(min(ACROSS, width - x)):
                        copy(flat, to + j * batch, sums, at + j * LANES, 1)


@kernel
def sort_weights(
    pointer: Ints,
    chunk: Ints,
    place: Ints,
    given: Floats,
    start: Ints,
    row: NDArray[np.int32],
    first: NDArray[np.int32],
    offset: NDArray[np.uint16],
    value: Floats,
) -> None:
    """Lists of weights, chunk by chunk, in a chunk by their length, so that a processor foresees where each ends.

    Args:
        pointer: ``(rows + 1,)``, weights ``pointer[r] <= k < pointer[r + 1]`` belong to row ``r``.
        chunk, place, given: of each weight, its chunk, its offset in the chunk's window, and its value.
        start, row, first, offset, value: are written, as ``convolve_tiles`` has them; in a list the order stays.
    """
    rows, chunks = len(pointer) - 1, len(start) - 1
    count = np.zeros((chunks, rows), dtype=np.int64)
    for r in range(rows):
        for k in range(pointer[r], pointer[r + 1]):
            count[chunk[k], r] += 1
    at, lists, behind = np.zeros((chunks, rows), dtype=np.int64), 0, 0
    for c in range(chunks):
        start[c] = lists
        for r in np.argsort(count[c], kind="mergesort"):
            if count[c, r] > 0:
                row[lists], first[lists], at[c, r] = r, behind, behind
                lists, behind = lists + 1, behind + count[c, r]
    start[chunks], first[lists] = lists, behind
    for r in range(rows):
        for k in range(pointer[r], pointer[r + 1]):
            offset[at[chunk[k], r]], value[at[chunk[k], r]] = place[k], given[k]
            at[chunk[k], r] += 1
