"""Minimum error of sixteen problems at once: the subset that ``kernels.least_error`` takes, by merging networks.

Sums are kept in fixed point, multiples of ``u = S / 2^29`` with ``S = |z| + sum |x|``, so that a problem takes one lane
of a register. With ``A`` and ``N`` as there, for each of the 2 or 4 ways to take the samples that are left ``A`` is
merged with ``N`` plus the rest of the target; the last bit of a number says from which list it is.

**What cannot be missed.** Rounding ``n + 1`` numbers to multiples of ``u``, and the walk's own roundings, move no
distance by more than ``(n + 2) u / 2``. So the pair that the walk takes is at most ``W = n + 2`` above the least
distance found here. Between its two sums lie two neighbours of which one is from each list, at most as far apart: they
are among the neighbours at most ``W`` above the least distance, and each of its sums is at most ``W`` outside them. All
sums so near to all such neighbours are added up again as the walk has them. Where one pair alone has the least error it
is the walk's; where there are several, or more to look at than is worth it, the problem is left to the walk.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Flags, Indices, Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.lanes import LANES, Rows, first_of, moved, within
from sltk.subset_sum.kernels.least_error import half
from sltk.subset_sum.kernels.merge import Mask, write_bits
from sltk.subset_sum.kernels.network import merged_and_looked_at, sorted_sums

SMALLEST, LARGEST = 7, 24  # pools: lists of at least 8 sums; beyond, rounding leaves many sums equally near
FEWEST = 8  # problems that are worth sixteen
MOST = 16  # neighbours of a problem that are looked at, and sums near to one of them


class Workspace(NamedTuple):
    """Buffers of one thread."""

    numbers: Rows  # the samples, of which those of N are negated, and the target for each way, in fixed point
    lists: tuple[Rows, Rows, Rows, Rows]  # A and N, and as much again
    merged: Rows  # for each way
    gaps: Rows  # of each sixteen neighbours, as exchange_and_look has them
    least: Rows  # of all gaps
    lows: tuple[Rows, Rows]  # from where sums of A and N are looked for
    width: Rows  # and how far
    counts: tuple[Indices, Indices, Indices]  # of neighbours, and of sums of A and of N near to the one looked at
    near: NDArray[np.int32]  # of a neighbour: the way, its sum of A, its sum of N
    codes: tuple[Indices, Indices]  # of the sums near to it
    errors: Values  # the least so far
    ties: Indices  # subsets that attain it
    chosen: Indices  # the first of them: codes of A and of N, and the way


def workspace(n: int) -> Workspace:
    """Buffers for pools of ``n``: ``(256 + 136 w) 2^h`` bytes for ``w`` ways and lists of ``2^h``, and 7 KiB."""
    h = half(n)
    size, ways = 1 << h, 1 << n - 2 * h
    a, b, c, d = (_rows(size) for _ in range(4))
    counts = np.empty((3, LANES), np.int64)
    codes = np.empty((2, LANES * MOST), np.int64)
    return Workspace(
        numbers=_rows(n + ways),
        lists=(a, b, c, d),
        merged=_rows(2 * ways * size),
        gaps=_rows(ways * size // 8),
        least=_rows(1),
        lows=(_rows(1), _rows(1)),
        width=_rows(1),
        counts=(counts[0], counts[1], counts[2]),
        near=np.empty((LANES * MOST, 3), np.int32),
        codes=(codes[0], codes[1]),
        errors=np.empty(LANES),
        ties=np.empty(LANES, np.int64),
        chosen=np.empty((LANES, 3), np.int64),
    )


def _rows(count: int) -> Rows:
    """Rows that begin where a line of the cache does; across two lines they would take twice as long."""
    line = 64
    whole = np.empty(count * LANES + line // 4, np.int32)
    start = -whole.ctypes.data % line // 4
    return whole[start : start + count * LANES]


@kernel
def _in_fixed_point(pool: Values, target: Values, low: int, high: int, h: int, ways: int, numbers: Rows) -> None:
    """Problems ``low ..`` as ``Workspace.numbers``; lanes beyond ``high`` have the last problem again."""
    n = pool.shape[1]
    for lane in range(LANES):
        p = min(low + lane, high - 1)
        total = abs(target[p])
        for k in range(n):
            total += abs(pool[p, k])
        unit = 2.0**29 / total if 1e-280 < total < 1e280 else 0.0  # all sums are equal then, and left to the walk
        for k in range(n):
            number = 2 * np.int64(np.rint(pool[p, k] * unit))
            numbers[k * LANES + lane] = -number if h <= k < 2 * h else number
        rest = 2 * np.int64(np.rint(target[p] * unit))
        for way in range(ways):
            taken = np.int64(0)
            if way & 1:
                taken += numbers[2 * h * LANES + lane]
            if way & 2:
                taken += numbers[(n - 1) * LANES + lane]
            numbers[(n + way) * LANES + lane] = rest - taken


@kernel
def _note_neighbours(
    numbers: Rows, merged: Rows, gaps: Rows, least: Rows, low: Rows, width: Rows, counts: Indices,
    near: NDArray[np.int32], n: int, ways: int, slack: int,
) -> int:  # fmt: skip
    """Neighbours of two lists whose gap is at most ``slack`` above the least; the most that a problem has.

    Of a problem that has more than ``MOST`` none counts.
    """
    for lane in range(LANES):
        counts[lane] = 0
        low[lane] = -(2**31)
        width[lane] = least[lane] + slack + 2**31
    blocks = gaps.size // LANES
    for block in range(blocks):
        lanes = within(gaps, block, low, width)
        while lanes:
            lane = first_of(lanes)
            lanes &= lanes - 1
            way = block * ways // blocks
            rest = numbers[(n + way) * LANES + lane]
            last = merged[max(16 * block - 1, 16 * (blocks // ways) * way) * LANES + lane]
            for place in range(16 * block, 16 * block + 16):
                number = merged[place * LANES + lane]
                gap = number - last
                if gap & 1 and gap - 2**31 <= least[lane] + slack:
                    if counts[lane] < MOST:
                        at = lane * MOST + counts[lane]
                        near[at, 0] = way
                        near[at, 1] = number if last & 1 else last
                        near[at, 2] = (last if last & 1 else number) - rest
                    counts[lane] += 1
                last = number
    most = 0
    for lane in range(LANES):
        if counts[lane] > MOST:
            counts[lane] = 0
        most = max(most, counts[lane])
    return most


@kernel
def _list_by_code(steps: Rows, first: int, count: int, start: int, out: Rows) -> None:
    """Row ``c`` of ``out``: ``start`` plus the rows of ``steps``, from ``first`` on, that the bits of ``c`` name."""
    for lane in range(LANES):
        out[lane] = start
    for k in range(count):
        size = 1 << k
        for code in range(size):
            moved(out, code, steps, first + k, size + code)


@kernel
def _find_codes(sums: Rows, size: int, low: Rows, width: Rows, count: Indices, codes: Indices) -> None:
    """Codes of the sums within ``low .. low + width`` of each lane, ``MOST`` at most; ``count`` goes on."""
    for code in range(size):
        lanes = within(sums, code, low, width)
        while lanes:
            lane = first_of(lanes)
            lanes &= lanes - 1
            if count[lane] < MOST:
                codes[lane * MOST + count[lane]] = code
            count[lane] += 1


@kernel
def _sum_of(pool: Values, p: int, start: int, count: int, sign: float, code: int) -> float:
    """The sum of the samples that the bits of ``code`` name, with the roundings that the merges make."""
    total = 0.0
    for k in range(count):
        if (code >> k) & 1:
            total += sign * pool[p, start + k]
    return total


@kernel
def _add_up(
    pool: Values, p: int, rest: float, h: int, way: int, lane: int, some: int, others: int, code_a: Indices,
    code_n: Indices, errors: Values, ties: Indices, chosen: Indices,
) -> None:  # fmt: skip
    """Compare all pairs of ``some`` sums of A and ``others`` of N near to a neighbour, as the walk adds them up."""
    for i in range(lane * MOST, lane * MOST + some):
        from_a = _sum_of(pool, p, 0, h, 1.0, code_a[i])
        for j in range(lane * MOST, lane * MOST + others):
            error = abs(from_a - (_sum_of(pool, p, h, h, -1.0, code_n[j]) + rest))
            if error < errors[lane]:
                errors[lane], ties[lane] = error, 1
                chosen[lane, 0], chosen[lane, 1], chosen[lane, 2] = code_a[i], code_n[j], way
            elif error == errors[lane] and (
                code_a[i] != chosen[lane, 0] or code_n[j] != chosen[lane, 1] or way != chosen[lane, 2]
            ):
                ties[lane] += 1


@kernel
def nearest(space: Workspace, pool: Values, target: Values, mask: Mask, found: Flags, low: int, high: int) -> None:
    """Least-error subsets of problems ``low..high-1``, each of a pool of its own; ``found`` where it is the walk's.

    The mask of another is not written.
    """
    numbers, (a, b, c, d), merged, gaps, least = space.numbers, space.lists, space.merged, space.gaps, space.least
    (low_a, low_n), width, (count, count_a, count_n) = space.lows, space.width, space.counts
    near, (code_a, code_n), errors, ties, chosen = space.near, space.codes, space.errors, space.ties, space.chosen
    n = pool.shape[1]
    h = (n - 1) // 2
    size, ways, slack = 1 << h, 1 << n - 2 * h, 2 * (n + 2) + 2
    for start in range(low, high, LANES):
        _in_fixed_point(pool, target, start, high, h, ways, numbers)
        left = sorted_sums(numbers, 0, h, 0, a, b)
        right = sorted_sums(numbers, h, h, 1, c, d)
        for lane in range(LANES):
            least[lane], errors[lane], ties[lane] = 0, np.inf, 0
        for way in range(ways):
            place = 2 * size * way * LANES
            merged_and_looked_at(
                left, right, size, numbers, n + way, merged[place : place + 2 * size * LANES], gaps, way * size // 8,
                least,
            )  # fmt: skip
        most = _note_neighbours(numbers, merged, gaps, least, low_a, width, count, near, n, ways, slack)
        _list_by_code(numbers, 0, h, 0, a)
        _list_by_code(numbers, h, h, 1, c)
        for turn in range(most):
            for lane in range(LANES):
                has = turn < count[lane]
                low_a[lane] = near[lane * MOST + turn, 1] - slack if has else -(2**31)
                low_n[lane] = near[lane * MOST + turn, 2] - slack if has else -(2**31)
                width[lane] = 2 * slack if has else 0
                count_a[lane] = count_n[lane] = 0
            _find_codes(a, size, low_a, width, count_a, code_a)
            _find_codes(c, size, low_n, width, count_n, code_n)
            for lane in range(min(LANES, high - start)):
                if turn >= count[lane]:
                    continue
                if max(count_a[lane], count_n[lane]) > MOST:
                    errors[lane], ties[lane] = -1.0, 2
                    continue
                p, way = start + lane, near[lane * MOST + turn, 0]
                rest = target[p]
                if way & 2:
                    rest = rest - pool[p, n - 1]
                if way & 1:
                    rest = rest - pool[p, 2 * h]
                _add_up(pool, p, rest, h, way, lane, count_a[lane], count_n[lane], code_a, code_n, errors, ties, chosen)
        for lane in range(min(LANES, high - start)):
            p = start + lane
            found[p] = ties[lane] == 1
            if found[p]:
                write_bits(chosen[lane, 0], mask[p], 0, h)
                write_bits(chosen[lane, 1], mask[p], h, h)
                mask[p, n - 1] = chosen[lane, 2] >> 1
                mask[p, 2 * h] = chosen[lane, 2] & 1
