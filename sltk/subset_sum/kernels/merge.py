"""Sorted subset sums, built by merging: ``S(x_1..x_k)`` is ``S(x_1..x_{k-1})`` merged with itself moved by ``x_k``.

Both lists have the same length ``m``, so a merge can run from both ends at once, ``m`` steps each: neither side
can leave a list, no bound is checked, nothing branches on the data, and the two chains overlap in the processor.
Positions are unsigned because signed ones would be tested for a negative index at every access.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.compiled import kernel

U = np.uint64
Tags = NDArray[Any]  # costs (float64) or codes of subsets (uint32)
Mask = NDArray[np.uint8]
Tagged = tuple[Values, Tags, float, Any, Values, Tags]  # sums, tags, their steps, and where both go


@kernel
def add_to(source: Values, step: float, out: Values, size: int) -> None:
    """``out[t] = source[t] + step`` for ``t < size``."""
    for t in range(size):
        out[t] = source[t] + step


@kernel
def merge(source: Values, moved: Values, step: float, out: Values, size: int) -> None:
    """Merge the ascending ``source[:size]`` with itself moved by ``step`` into ``out``; ``moved`` is scratch."""
    add_to(source, step, moved, size)
    i, front = U(0), U(0)
    k, back = U(size - 1), U(2 * size - 2)
    for _ in range(size):
        a, b = source[i], moved[front - i]
        out[front] = min(a, b)
        i += U(a <= b)
        a, b = source[k], moved[back - k]
        out[back + U(1)] = max(a, b)
        k -= U(a > b)
        front += U(1)
        back -= U(1)


@kernel
def merge_two(
    source: Values, moved: Values, step: float, out: Values,
    source2: Values, moved2: Values, step2: float, out2: Values, size: int,
) -> None:  # fmt: skip
    """Two independent merges side by side: four chains hide the latency that two leave open."""
    add_to(source, step, moved, size)
    add_to(source2, step2, moved2, size)
    i, j, front = U(0), U(0), U(0)
    u, v, back = U(size - 1), U(size - 1), U(2 * size - 2)
    for _ in range(size):
        a, b = source[i], moved[front - i]
        out[front] = min(a, b)
        i += U(a <= b)
        a, b = source2[j], moved2[front - j]
        out2[front] = min(a, b)
        j += U(a <= b)
        a, b = source[u], moved[back - u]
        out[back + U(1)] = max(a, b)
        u -= U(a > b)
        a, b = source2[v], moved2[back - v]
        out2[back + U(1)] = max(a, b)
        v -= U(a > b)
        front += U(1)
        back -= U(1)


@kernel
def merge_four(
    lists: tuple[Values, Values, Values, Values], moved: tuple[Values, Values, Values, Values],
    step: tuple[float, float, float, float], out: tuple[Values, Values, Values, Values], size: int,
) -> None:  # fmt: skip
    """Four independent merges side by side: eight chains hide the latency that two leave open."""
    a, b, c, d = lists
    at, bt, ct, dt = moved
    ao, bo, co, do = out
    add_to(a, step[0], at, size)
    add_to(b, step[1], bt, size)
    add_to(c, step[2], ct, size)
    add_to(d, step[3], dt, size)
    i, j, k, m, front = U(0), U(0), U(0), U(0), U(0)
    r, s, t, v, back = U(size - 1), U(size - 1), U(size - 1), U(size - 1), U(2 * size - 2)
    for _ in range(size):
        p, q = a[i], at[front - i]
        ao[front] = min(p, q)
        i += U(p <= q)
        p, q = b[j], bt[front - j]
        bo[front] = min(p, q)
        j += U(p <= q)
        p, q = c[k], ct[front - k]
        co[front] = min(p, q)
        k += U(p <= q)
        p, q = d[m], dt[front - m]
        do[front] = min(p, q)
        m += U(p <= q)
        p, q = a[r], at[back - r]
        ao[back + U(1)] = max(p, q)
        r -= U(p > q)
        p, q = b[s], bt[back - s]
        bo[back + U(1)] = max(p, q)
        s -= U(p > q)
        p, q = c[t], ct[back - t]
        co[back + U(1)] = max(p, q)
        t -= U(p > q)
        p, q = d[v], dt[back - v]
        do[back + U(1)] = max(p, q)
        v -= U(p > q)
        front += U(1)
        back -= U(1)


@kernel
def merge_tagged(source: Values, tag: Tags, step: float, tag_step: Any, out: Values, out_tag: Tags, size: int) -> None:
    """``merge`` in which a tag (a cost, or a subset code) travels with each sum and grows by ``tag_step``."""
    i, front = U(0), U(0)
    k, back = U(size - 1), U(2 * size - 2)
    for _ in range(size):
        j = front - i
        a, b = source[i], source[j] + step
        s, t = tag[i], tag[j] + tag_step  # both are read, for a choice without a branch
        keep = a <= b
        out[front] = min(a, b)
        out_tag[front] = s if keep else t
        i += U(keep)
        j = back - k
        a, b = source[k], source[j] + step
        s, t = tag[k], tag[j] + tag_step
        drop = a > b
        out[back + U(1)] = max(a, b)
        out_tag[back + U(1)] = s if drop else t
        k -= U(drop)
        front += U(1)
        back -= U(1)


@kernel
def merge_two_tagged(first: Tagged, second: Tagged, size: int) -> None:
    """Two independent tagged merges side by side, as in ``merge_two``."""
    source, tag, step, tag_step, out, out_tag = first
    source2, tag2, step2, tag_step2, out2, out_tag2 = second
    i, j, front = U(0), U(0), U(0)
    u, v, back = U(size - 1), U(size - 1), U(2 * size - 2)
    for _ in range(size):
        a, b = source[i], source[front - i] + step
        s, t = tag[i], tag[front - i] + tag_step
        out[front], out_tag[front] = min(a, b), s if a <= b else t
        i += U(a <= b)
        a, b = source2[j], source2[front - j] + step2
        s, t = tag2[j], tag2[front - j] + tag_step2
        out2[front], out_tag2[front] = min(a, b), s if a <= b else t
        j += U(a <= b)
        a, b = source[u], source[back - u] + step
        s, t = tag[u], tag[back - u] + tag_step
        out[back + U(1)], out_tag[back + U(1)] = max(a, b), s if a > b else t
        u -= U(a > b)
        a, b = source2[v], source2[back - v] + step2
        s, t = tag2[v], tag2[back - v] + tag_step2
        out2[back + U(1)], out_tag2[back + U(1)] = max(a, b), s if a > b else t
        v -= U(a > b)
        front += U(1)
        back -= U(1)


@kernel
def sorted_sums(x: Values, first: Values, second: Values, moved: Values) -> Values:
    """Sort all ``2^n`` sums of ``x`` into ``first`` or ``second`` ``(2^n,)``, and return that one."""
    first[0] = 0.0
    for k in range(x.size):
        merge(first, moved, x[k], second, 1 << k)
        first, second = second, first
    return first


@kernel
def sums_by_code(x: Values, sign: float, out: Values) -> None:
    """``out[c]``: the sum of ``sign * x`` over the bits of ``c``, with the roundings that the merges make."""
    out[0] = 0.0
    for k in range(x.size):
        size = 1 << k
        add_to(out, sign * x[k], out[size:], size)


@kernel
def code_of(sums: Values, value: float, size: int) -> int:
    """The smallest code whose sum is ``value``."""
    start, step = 0, 64
    while start + step <= size:  # as many at a time, without a branch
        here, hits = sums[start : start + step], np.int64(0)
        for t in range(step):
            hits |= np.int64(here[t] == value)
        if hits:
            break
        start += step
    for c in range(start, size):
        if sums[c] == value:
            return c
    return -1


@kernel
def write_bits(code: Any, mask: Mask, start: int, count: int) -> None:
    """Unpack the bits of ``code`` into ``mask[start : start + count]``."""
    for k in range(count):
        mask[start + k] = (code >> k) & 1
