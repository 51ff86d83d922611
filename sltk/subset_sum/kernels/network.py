"""Merging of sorted lists by compare-exchanges: the same for all data, so for sixteen problems at once.

The ascending list ``A`` and the descending one after it rise and fall. Exchanging each number of such a sequence with
that half its length away leaves two halves of which each rises and falls, or falls and rises, and none of the first is
above one of the second; and so on down to single numbers (K. E. Batcher, AFIPS 1968, remembered). Four strides are
taken in one pass where registers suffice, and what fits into the first cache is finished there.
"""

from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.lanes import LANES, Rows, exchange, exchange_and_look, meet, meet_4

CACHED = 256  # rows that are finished before the next ones: 16 KiB


@kernel
def sorted_sums(steps: Rows, first: int, count: int, start: int, out: Rows, spare: Rows) -> Rows:
    """Sort all sums of rows ``first .. first + count - 1`` of ``steps``, plus ``start``, lane by lane.

    Into ``out`` or ``spare``, of ``2**count`` rows; that one is returned.
    """
    for lane in range(LANES):
        out[lane] = start
    for k in range(count):
        size = 1 << k
        block = _in_blocks(out, out, size, steps, first + k, spare)
        for place in range(0, 2 * size, block):
            _finish(spare, place, block)
        out, spare = spare, out
    return out


@kernel
def merged_and_looked_at(
    low: Rows, high: Rows, size: int, steps: Rows, step: int, out: Rows, gaps: Rows, at: int, least: Rows
) -> None:
    """Merge the ascending ``low`` with ``high``, moved by row ``step`` of ``steps``, into ``out``.

    The least odd gap between neighbours within the ``k``-th sixteen rows, or with the row before them, goes to row
    ``at + k`` of ``gaps`` as ``exchange_and_look`` has it; the least of all to ``least``. ``size`` is 8 at least.
    """
    block = _in_blocks(low, high, size, steps, step, out)
    if block < 16:
        exchange_and_look(out, 0, 0, gaps, at, least)
        return
    for start in range(0, 2 * size, block):
        _halve_to_16(out, start, block)
        for place in range(start, start + block, 16):
            exchange_and_look(out, place, max(place - 1, 0), gaps, at + place // 16, least)


@kernel
def _in_blocks(low: Rows, high: Rows, size: int, steps: Rows, step: int, out: Rows) -> int:
    """Lists of ``size`` rows into blocks of as many rows as is returned: no row of one above one of the next."""
    if size < 64:
        for i in range(size):
            meet(low, i, high, size - 1 - i, steps, step, out, size)
        return size
    stride = size // 4
    for i in range(stride):
        meet_4(low, i, high, size - 1 - i, steps, step, out, size, stride)
    while stride > CACHED:
        stride //= 2
        for start in range(0, 2 * size, 2 * stride):
            for i in range(start, start + stride):
                exchange(out, i, stride, 2)
    return stride


@kernel
def _halve_to_16(rows: Rows, start: int, size: int) -> None:
    """A block of ``size`` rows from ``start`` on, 16 to 256, into blocks of 16."""
    for i in range(start, start + 16):  # with the choice in a kernel of its own all of a search takes a tenth more
        if size == 256:
            exchange(rows, i, 16, 16)
        elif size == 128:
            exchange(rows, i, 16, 8)
        elif size == 64:
            exchange(rows, i, 16, 4)
        elif size == 32:
            exchange(rows, i, 16, 2)


@kernel
def _finish(rows: Rows, start: int, size: int) -> None:
    """Sort a block of ``size`` rows from ``start`` on, at most 256."""
    if size == 8:
        exchange(rows, start, 1, 8)
    elif size == 4:
        exchange(rows, start, 1, 4)
    elif size == 2:
        exchange(rows, start, 1, 2)
    elif size > 8:
        _halve_to_16(rows, start, size)
        for place in range(start, start + size, 16):
            exchange(rows, place, 1, 16)
