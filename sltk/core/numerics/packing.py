"""Increasing indices as bytes: deflated LEB128 gaps, unpacked within a limit that is known beforehand."""

import zlib

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices

SMALLEST_LIMIT = 2**26  # bytes that any packing may inflate to; a larger one may inflate 64-fold
LARGEST_RATIO = 64


def pack(index: Indices) -> NDArray[np.uint8]:
    """Increasing indices as deflated LEB128 gaps."""
    gaps = np.diff(index, prepend=-1) - 1
    groups = np.maximum(1, -(-np.frexp(gaps.astype(float))[1] // 7)) if gaps.size else gaps
    # frexp rounds gaps near 2**53 up at most, which only adds a zero group.
    ends = np.cumsum(groups)
    out = np.zeros(int(ends[-1]) if gaps.size else 0, dtype=np.uint8)
    place = ends - groups
    for group in range(int(groups.max(initial=0))):
        here = groups > group
        more = (groups[here] > group + 1).astype(np.uint8) << 7
        out[place[here] + group] = ((gaps[here] >> (7 * group)) & 0x7F).astype(np.uint8) | more
    return np.frombuffer(zlib.compress(out.tobytes(), 9), dtype=np.uint8).copy()


def unpack(packed: NDArray[np.uint8], count: int) -> Indices:
    """The indices below ``count`` that ``pack`` packed.

    Raises:
        SltkError: the bytes are not such a packing, an index is not below ``count``, or they inflate to more than
            such a packing may, which is found before it is done.
    """
    data = np.frombuffer(_inflated(packed.tobytes(), 9 * count), dtype=np.uint8)
    if not data.size:
        return np.zeros(0, dtype=np.int64)
    last = data < 0x80
    if not last[-1]:
        raise SltkError("a mask in the file ends inside a number; the file is damaged.")
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    order = np.arange(data.size) - np.repeat(starts, np.diff(np.append(starts, data.size)))
    if order.max() > 8:
        raise SltkError("a mask in the file holds a number over 2**63; the file is damaged.")
    gaps = np.add.reduceat((data & 0x7F).astype(np.int64) << (7 * order), starts)
    # Sums in float64 are far from exact, and far from 2^63 where those in int64 would wrap around.
    if float(np.sum(gaps.astype(np.float64) + 1.0)) > 0.999 * 2.0**63:
        raise SltkError("a mask in the file holds numbers that add up to over 2**63; the file is damaged.")
    index = np.cumsum(gaps + 1) - 1
    if int(index[-1]) >= count:
        raise SltkError(f"a mask in the file keeps number {int(index[-1]):,} of {count:,}; the file is damaged.")
    return index


def _inflated(packed: bytes, limit: int) -> bytes:
    limit = min(limit, max(SMALLEST_LIMIT, LARGEST_RATIO * len(packed)))
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, limit + 1)
        if len(data) > limit:
            raise SltkError(f"a mask in the file inflates to over {limit:,} bytes, more than its layer can need.")
        if not inflater.eof or inflater.unused_data:
            raise SltkError("a mask in the file is cut off, or something follows it; the file is damaged.")
    except zlib.error as error:
        raise SltkError(f"a mask in the file cannot be inflated ({error}); the file is damaged.") from error
    return data
