"""Compiled products of dense matrices in float32, term by term in the order of torch's own.

A tile of the product, ``ROWS`` by up to ``VECTORS LANES``, stays in registers for a whole sum. Nothing is packed: the
tile reads its rows number by number, whatever their layout, and its columns as vectors, so that the right factor has to
lie row by row. A product by a transposed matrix, ``x W^T``, is ``W x^T`` turned.

Matrices are given by their addresses, since an array that is handed to compiled code takes as long as a small product.
"""

from typing import Any

from sltk.core.numerics.compiled import fused, instructions, kernel

LANES = 16  # numbers of a register of 512 bits, or of two of 256
ROWS, VECTORS = 12, 2  # of a tile: 24 registers of sums, two of the right factor, one of the left
WRITE, ADD, OF_ROWS, OF_COLUMNS = 0, 1, 2, 3  # what a tile does with its sums: see ``_wide``


@instructions
def _wide(context: Any, out: Any, pitch: Any, left: Any, down: Any, along: Any, right: Any, below: Any, count: Any,
          how: Any, bias: Any) -> Any:  # fmt: skip
    """``out[m pitch + j] = sum_{k < count} left[m down + k along] right[k below + j]``, of arrays at addresses.

    For ``m < ROWS`` and ``j < VECTORS LANES``; added to what is there if ``how`` is ``ADD``, to ``bias[m]`` if it is
    ``OF_ROWS``, and to ``bias[j]`` if it is ``OF_COLUMNS``. Nothing is checked.
    """
    from numba.core import types

    given = (out, pitch, left, down, along, right, below, count, how, bias)
    return types.void(*given), lambda *how: _sums(VECTORS, *how)


@instructions
def _narrow(context: Any, out: Any, pitch: Any, left: Any, down: Any, along: Any, right: Any, below: Any, count: Any,
            how: Any, bias: Any) -> Any:  # fmt: skip
    """As ``_wide``, of one vector."""
    from numba.core import types

    given = (out, pitch, left, down, along, right, below, count, how, bias)
    return types.void(*given), lambda *how: _sums(1, *how)


def _sums(vectors: int, context: Any, builder: Any, signature: Any, given: Any) -> Any:
    """The instructions of a tile."""
    from llvmlite import ir

    int64, number = ir.IntType(64), ir.FloatType()
    vector, pointer = ir.VectorType(number, LANES), number.as_pointer()
    undefined = ir.Constant(vector, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    places = [(m, v) for m in range(ROWS) for v in range(vectors)]
    _, pitch, _, down, along, _, below, count, how, _ = given
    target, here, there, begin = (builder.inttoptr(given[which], pointer) for which in (0, 2, 5, 9))

    def as_vector(start: Any, v: int) -> Any:
        return builder.bitcast(builder.gep(start, [int64(LANES * v)]), vector.as_pointer())

    def spread(one: Any) -> Any:
        return builder.shuffle_vector(builder.insert_element(undefined, one, ir.IntType(32)(0)), undefined, zeros)

    rows = [builder.mul(down, int64(m)) for m in range(ROWS)]
    before, body, after = builder.basic_block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(body)
    builder.position_at_end(body)
    k, ours, theirs = builder.phi(int64), builder.phi(pointer), builder.phi(pointer)
    sums = [builder.phi(vector) for _ in places]
    columns = [builder.load(as_vector(theirs, v), align=4) for v in range(vectors)]
    numbers = [spread(builder.load(builder.gep(ours, [row]))) for row in rows]
    products = [builder.fmul(numbers[m], columns[v], flags=("contract",)) for m, v in places]
    totals = [builder.fadd(new, old, flags=("contract",)) for new, old in zip(products, sums, strict=True)]
    left = builder.sub(k, int64(1))
    onward = [left, builder.gep(ours, [along]), builder.gep(theirs, [below]), *totals]
    builder.cbranch(builder.icmp_signed(">", left, int64(0)), body, after)
    enters = [count, here, there, *[ir.Constant(vector, [0.0] * LANES)] * len(places)]
    for phi, begun, goes_on in zip([k, ours, theirs, *sums], enters, onward, strict=True):
        phi.add_incoming(begun, before)
        phi.add_incoming(goes_on, body)
    builder.position_at_end(after)
    kept = [as_vector(builder.gep(target, [builder.mul(pitch, int64(m))]), v) for m, v in places]
    ways, done = [builder.append_basic_block() for _ in range(4)], builder.append_basic_block()
    choice = builder.switch(how, ways[WRITE])
    for way in (ADD, OF_ROWS, OF_COLUMNS):
        choice.add_case(int64(way), ways[way])
    for way, block in enumerate(ways):
        builder.position_at_end(block)
        found = [builder.load(place, align=4) for place in kept] if way == ADD else []
        if way == OF_ROWS:
            biases = [spread(builder.load(builder.gep(begin, [int64(m)]))) for m in range(ROWS)]
            found = [biases[m] for m, _ in places]
        if way == OF_COLUMNS:
            biases = [builder.load(as_vector(begin, v), align=4) for v in range(vectors)]
            found = [biases[v] for _, v in places]
        added = [builder.fadd(one, total) for one, total in zip(found, totals, strict=True)] if found else totals
        for total, place in zip(added, kept, strict=True):
            builder.store(total, place, align=4)
        builder.branch(done)
    builder.position_at_end(done)
    return context.get_dummy_value()


@instructions
def _turn(context: Any, out: Any, pitch: Any, source: Any, below: Any) -> Any:
    """``out[i pitch + j] = source[j below + i]`` for ``i, j < LANES``, of arrays at addresses. Nothing is checked."""
    from llvmlite import ir
    from numba.core import types

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        int64, number = ir.IntType(64), ir.FloatType()
        vector = ir.VectorType(number, LANES)

        def row(address: Any, pitch: Any, m: int) -> Any:
            start = builder.inttoptr(address, number.as_pointer())
            return builder.bitcast(builder.gep(start, [builder.mul(pitch, int64(m))]), vector.as_pointer())

        def chosen(one: Any, other: Any, places: list[int]) -> Any:
            return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(ir.IntType(32), LANES), places))

        rows = [builder.load(row(given[2], given[3], m), align=4) for m in range(LANES)]
        for step in (1, 2, 4, 8):  # in each square of side 2 step, the halves off the diagonal change places
            low = [p ^ step | LANES if p & step else p for p in range(LANES)]
            high = [p | LANES if p & step else p ^ step for p in range(LANES)]
            for m in (m for m in range(LANES) if not m & step):
                rows[m], rows[m | step] = (chosen(rows[m], rows[m | step], places) for places in (low, high))
        for m, one in enumerate(rows):
            builder.store(one, row(given[0], given[1], m), align=4)
        return context.get_dummy_value()

    return types.void(out, pitch, source, below), generate


@kernel
def turn(out: int, source: int, count: int, rows: int, columns: int) -> None:
    """``out[c, i, j] = source[c, j, i]``: ``count`` contiguous matrices of float32.

    Args:
        out: address of what is written.
        source: address of what is turned.
        count: matrices.
        rows: of the source, at least ``LANES``.
        columns: likewise.
    """
    for c in range(count):
        at = 4 * c * rows * columns
        for x in range(0, columns, LANES):
            column = min(x, columns - LANES)  # the last square overlaps the one before it
            for y in range(0, rows, LANES):
                row = min(y, rows - LANES)
                to, place = out + at + 4 * (column * rows + row), source + at + 4 * (row * columns + column)
                _turn(to, rows, place, columns)


@fused
def product(
    out: int,
    left: int,
    right: int,
    bias: int,
    of_columns: bool,
    count: int,
    m: int,
    n: int,
    depth: int,
    down: int,
    along: int,
    block: int,
) -> None:
    """``out = left right``, plus ``bias`` of each row or column, for ``count`` pairs of float32 behind one another.

    A number is a sum over ``block`` terms from the first on, each added by one fused multiply-add, plus the sum over
    the next ``block``, and so on; the bias comes first.

    Args:
        out: address of ``(count, m, n)``, which is written.
        left: address of ``(count, m, depth)``, in any layout.
        right: address of ``(count, depth, n)``, row by row.
        bias: address of ``(count, m)``, or of ``(count, n)``, or 0.
        of_columns: whether it is the latter.
        count: products.
        m: at least ``ROWS``.
        n: at least ``LANES``.
        depth: terms of a sum.
        down: numbers from row to row of ``left``.
        along: numbers from term to term of ``left``.
        block: terms of a partial sum.
    """
    step = VECTORS * LANES if n >= VECTORS * LANES else LANES
    high, across = -(-m // ROWS), -(-n // step)
    for t in range(count * high * across):
        c, tile = t // (high * across), t % (high * across)
        # The larger factor is read once, and the smaller one again and again from a near cache.
        y, x = (tile // across, tile % across) if m > n else (tile % high, tile // high)
        wide = step > LANES and n - x * step > LANES
        # The last tiles overlap those before them, and write the same numbers.
        row, column = min(y * ROWS, m - ROWS), min(x * step, n - step if wide else n - LANES)
        to, begin = out + 4 * ((c * m + row) * n + column), bias + 4 * (c * n + column if of_columns else c * m + row)
        first = WRITE if bias == 0 else OF_COLUMNS if of_columns else OF_ROWS
        for k in range(0, depth, block):
            ours, theirs = (
                left + 4 * (c * m * depth + row * down + k * along),
                right + 4 * ((c * depth + k) * n + column),
            )
            terms, how = min(block, depth - k), ADD if k > 0 else first
            if wide:
                _wide(to, n, ours, down, along, theirs, n, terms, how, begin)
            else:
                _narrow(to, n, ours, down, along, theirs, n, terms, how, begin)
