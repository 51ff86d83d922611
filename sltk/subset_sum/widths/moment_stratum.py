r"""The second-moment bound of one stratum: given how many samples lie in each bin.

``N(z) = sum_I W_I 1_I`` with ``1_I = 1{|x_I - z| <= r}`` vanishes where z is missed, whatever the weights, so the miss
has probability at most ``E (1 - N(z))^2``, also for weights that depend on z and on the whole pool. Here

    ``W_I = w_kind(I) + w_1 y_I + w_2 y_I^2``, ``y_I = sum of the samples outside I, less z``.

Given I, its sum is close to z, so ``y_I`` is close to ``S - 2 z`` with S the sum of the pool. A pool whose sum is far
from ``2 z`` has few subsets near z, and y says so: most of the variance of the plain count is that of ``S - 2 z``.

Rounding: with ``|y_I| <= R`` all features are bounded, ``|W_I| <= |w_kind| + |w_1| R + |w_2| R^2``; an entry with
powers i and j of y errs by at most ``ENTRY_ERROR R^(i + j)`` of the mass, and adding errs in relation to the sum of the
sizes.
"""

import itertools
import math
from typing import Any

import numpy as np

from sltk.core.lazy import later
from sltk.core.numerics.arrays import Indices, Values
from sltk.subset_sum.widths.moment_kernel import collect, collect_statistics
from sltk.subset_sum.widths.moment_table import BINS, ENTRY_ERROR, PairTable, SampleKind

linalg = later("scipy.linalg")

_SUMMATION = 2e-8  # relative; at most 1e8 positive terms are added, each addition within 2^-53
_STEPS = 100_000  # roundings that a term itself has seen, with room for what cancels in it
_RIDGE = 1e-10  # keeps the least squares solvable and the weights small


def stratum_failure(table: PairTable, counts: tuple[int, ...]) -> float:
    """Upper bound of ``int mu(z) P(z missed | counts) dz``, at most 1."""
    kinds, ways = _kinds(table, counts)
    expected = np.array([ways[kind] * table.expected[_number(table, kind)] for kind in kinds])
    quadratic, pairs = second_moments(table, counts, kinds)
    if table.statistics:
        expected = np.concatenate([expected, expected_statistics(table, counts)])
    weights = _least_squares(quadratic, expected)
    value = table.targets.mass - 2.0 * float(expected @ weights) + float(weights @ quadratic @ weights)
    return min(1.0, value + _rounding(table, counts, weights, quadratic, expected, pairs))


def _least_squares(quadratic: Values, expected: Values) -> Values:
    scale = 1.0 / np.sqrt(np.diag(quadratic))
    unit = scale[:, None] * quadratic * scale + _RIDGE * np.eye(scale.size)
    algebra: Any = linalg  # untyped
    return scale * algebra.cho_solve(algebra.cho_factor(unit), scale * expected)


def _rounding(
    table: PairTable, counts: tuple[int, ...], weights: Values, quadratic: Values, expected: Values, pairs: float
) -> float:
    """What rounding can make of the value: ``|W_I| <= |w_kind| + |w_1| R + |w_2| R^2``, where ``|y_I| <= R``."""
    ways = _kinds(table, counts)[1]
    size = expected.size - 2 * table.statistics
    kinds, rest = np.abs(weights[:size]), np.abs(weights[size:])
    spread = float(kinds @ np.array([float(ways[kind]) for kind in _kinds(table, counts)[0]]))
    squares = float(kinds @ quadratic[:size, :size] @ kinds)
    if not table.statistics:
        added = _SUMMATION * (squares + 2.0 * float(kinds @ expected))
        return added + ENTRY_ERROR * table.targets.mass * (spread + 1.0) ** 2
    other = float(rest @ _reach(table, counts) ** np.arange(1, 3))
    terms = 2.0 * squares + 2.0 * other**2 * pairs
    terms += 2.0 * math.sqrt(table.targets.mass * terms)  # |2 b w| <= 2 sqrt(mass) sqrt(E N^2)
    added = (math.prod(len(_ways(c)) for c in counts) + _STEPS) * 2.0**-53 * terms
    return added + ENTRY_ERROR * table.targets.mass * (spread + other * 2.0**table.samples + 1.0) ** 2


def _reach(table: PairTable, counts: tuple[int, ...]) -> float:
    """R, above the size of any sum of samples of the stratum less any target."""
    above = sum(c * max(g + 1, 0) for c, g in zip(counts, table.lows, strict=True))
    below = sum(c * max(-g, 0) for c, g in zip(counts, table.lows, strict=True))
    return table.width * max(above, below) + table.targets.far


def expected_statistics(table: PairTable, counts: tuple[int, ...]) -> Values:
    """``E int mu F_j``, j = 1, 2: moments of the sum outside I, less z."""
    total = (sum(counts), sum(c * g for c, g in zip(counts, table.lows, strict=True)))
    out = np.zeros(2)
    for (m, g), count in _kinds(table, counts)[1].items():
        zeroth, first, second = count * table.expectations[:, _number(table, (m, g))]
        rest = total[0] - m
        mean = table.width * (total[1] - g + 0.5 * rest)
        out[0] += mean * zeroth - first
        out[1] += (mean**2 + table.width**2 * rest / 12.0) * zeroth - 2.0 * mean * first + second
    return out


def _kinds(table: PairTable, counts: tuple[int, ...]) -> tuple[list[SampleKind], dict[SampleKind, int]]:
    """Kinds of subsets worth a weight, and how many subsets there are of each."""
    ways: dict[SampleKind, int] = {}
    for taken in itertools.product(*(range(c + 1) for c in counts)):
        kind = (sum(taken), sum(a * g for a, g in zip(taken, table.lows, strict=True)))
        ways[kind] = ways.get(kind, 0) + math.prod(math.comb(c, a) for c, a in zip(counts, taken, strict=True))
    worth = [kind for kind, count in ways.items() if count * table.expected[_number(table, kind)] > 1e-6]
    return worth, ways


def second_moments(table: PairTable, counts: tuple[int, ...], kinds: list[SampleKind]) -> tuple[Values, float]:
    """``E int mu F F'`` of the kinds' numbers and, with statistics, F_1 and F_2; and of all pairs, ``E int mu N^2``."""
    feature = np.full_like(table.place, -1)
    for number, (m, g) in enumerate(kinds):
        feature[m, g + table.shift] = number
    lists = [_ways(c) for c in (*counts, *([0] * (BINS - len(counts))))]
    ways = np.zeros((BINS, max(map(len, lists)), 4))
    for b, entries in enumerate(lists):
        ways[b, : len(entries)] = entries
    lows: Indices = np.array([*table.lows, *([0] * (BINS - len(counts)))], np.int64)
    total = np.array([sum(counts), sum(c * g for c, g in zip(counts, table.lows, strict=True))], np.int64)
    lengths = np.array([len(entries) for entries in lists], np.int64)
    blocks: Indices = np.stack([table.first, table.size])
    where = (lows, ways, lengths, table.shift, table.place, feature, blocks)
    if not table.statistics:
        quadratic = np.zeros((len(kinds), len(kinds)))
        collect(*where, table.entries, quadratic)
        return quadratic, 0.0
    quadratic = np.zeros((len(kinds) + 2, len(kinds) + 2))
    pairs = collect_statistics(*where, table.moments, table.width, total, quadratic)
    quadratic[-2:, :-2] = quadratic[:-2, -2:].T
    quadratic[-1, -2] = quadratic[-2, -1]
    return quadratic, pairs


def _ways(count: int) -> list[tuple[int, int, int, float]]:
    """``(common, only I, only J, multinomial)`` for a bin of ``count`` samples."""
    return [
        (p, a, c, float(math.comb(count, p) * math.comb(count - p, a) * math.comb(count - p - a, c)))
        for p in range(count + 1)
        for a in range(count - p + 1)
        for c in range(count - p - a + 1)
    ]


def _number(table: PairTable, kind: SampleKind) -> int:
    return int(table.place[kind[0], kind[1] + table.shift])
