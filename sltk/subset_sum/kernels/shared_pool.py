"""Minimum error for many targets and one pool: all ``2^n`` sums sorted once, then one look-up a target.

A look-up starts in the bucket of an even grid, which holds about one sum, so that it costs two cache misses and not
``n``; a binary search inside the bucket keeps the worst case at ``O(n)``.
"""

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.merge import Mask, merge_tagged, write_bits

Codes = NDArray[np.uint32]
Starts = NDArray[np.int32]
Table = tuple[Values, Codes, Starts, float]

LARGEST = 22  # the table takes 2^n * 28 bytes while it is built


@kernel
def _merge_all(x: Values, sums: Values, codes: Codes, spare_sums: Values, spare_codes: Codes) -> tuple[Values, Codes]:
    sums[0] = 0.0
    codes[0] = 0
    for k in range(x.size):
        merge_tagged(sums, codes, x[k], np.uint32(1 << k), spare_sums, spare_codes, 1 << k)
        sums, spare_sums = spare_sums, sums
        codes, spare_codes = spare_codes, codes
    return sums, codes


@kernel
def _bucket(value: float, low: float, scale: float, count: int) -> np.int64:
    """Bucket of ``value``, ascending with it."""
    return np.int64(min(max((value - low) * scale, 0.0), count - 1.0))


@kernel
def _starts(sums: Values, scale: float) -> Starts:
    """``start[b]``: the first sum in bucket ``b`` or a later one; one more entry closes the last bucket."""
    count = sums.size
    start = np.zeros(count + 1, np.int32)
    filled = 0
    for t in range(count):
        b = _bucket(sums[t], sums[0], scale, count)
        while filled <= b:
            start[filled] = t
            filled += 1
    start[filled:] = count
    return start


def table(x: Values) -> Table:
    """Sorted sums, subset codes, bucket starts and grid scale of the pool ``x`` ``(n,)``."""
    size = 1 << x.size
    floats, codes = [np.empty(size) for _ in range(2)], [np.empty(size, np.uint32) for _ in range(2)]
    sums, code = _merge_all(x, floats[0], codes[0], floats[1], codes[1])
    width = sums[-1] - sums[0]
    scale = size / width if width > size * np.finfo(float).tiny else 0.0  # otherwise one bucket holds all
    return sums, code, _starts(sums, scale), scale


@kernel
def look_up(
    sums: Values, codes: Codes, start: Starts, scale: float, n: int, target: Values, mask: Mask, low: int, high: int
) -> None:
    """Least-error subsets of targets ``low..high-1``; of two equally near sums, the smaller."""
    for p in range(low, high):
        z = target[p]
        b = _bucket(z, sums[0], scale, sums.size)
        first, last = start[b], start[b + 1]
        while first < last:
            middle = (first + last) // 2
            if sums[middle] < z:
                first = middle + 1
            else:
                last = middle
        if first == sums.size or (first > 0 and z - sums[first - 1] <= sums[first] - z):
            first -= 1
        write_bits(codes[first], mask[p], 0, n)
