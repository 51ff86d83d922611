"""The value iteration over covered shares once more, by dual lines in integers on a grid of its own."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray

# Shares in units of 2^-26, probabilities of 2^-36, heights of lines 2^-12 finer; slope times share stays below 2^61.
SHARE, CHANCE, FINE = 1 << 26, 1 << 36, 1 << 12
STEEPEST = 1 << 35
TRIES = 8
CELLS = 2000

Integers = NDArray[np.int64]
CoveredGain = Callable[[Fraction, Fraction], Fraction]


def failure_bound(
    n: int, eps: Fraction, slack: Fraction, window: Fraction, gain: CoveredGain, cells: int = CELLS
) -> Fraction:
    """Upper bound of the failure of n samples, by lines in integers."""
    return Fraction(_iteration(eps, slack, window, gain, cells).failure(n), CHANCE)


class _Iteration:
    """Failures from every state by samples to go; those of fewer samples are met on the way, and kept."""

    def __init__(self, eps: Fraction, slack: Fraction, window: Fraction, gain: CoveredGain, cells: int) -> None:
        length = window + 2 * slack
        edges = _edges(2 * (eps - slack) / length, 1 - 2 * slack / length, cells)
        self.means = np.array([math.floor((v + gain(length, v * length) / length) * SHARE) for v in edges])
        self.points = np.array([math.ceil(v * SHARE) for v in edges])
        self.tops = np.minimum(2 * self.points, SHARE)
        self.stops = np.maximum(np.searchsorted(self.points, self.tops), np.arange(len(edges)) + 1)
        self.table = np.full(len(edges), CHANCE)
        self.table[-1] = 0
        self.slopes = np.zeros(len(edges), np.int64)
        self.first = [int(self.table[0])]

    def failure(self, n: int) -> int:
        while len(self.first) <= n:
            self.table = _one_step(self.points, self.tops, self.stops, self.means, self.table, self.slopes)
            self.first.append(int(self.table[0]))
        return self.first[n]


_iteration = cache(_Iteration)


def _one_step(
    points: Integers, tops: Integers, stops: Integers, means: Integers, table: Integers, slopes: Integers
) -> Integers:
    result = np.zeros_like(table)
    best = CHANCE
    for j in range(len(table) - 1):
        # Vertices of the step function on [points[j], tops[j]]: its supremum over a cell belongs to the right end.
        x = np.concatenate([points[j : stops[j]], tops[j : j + 1]]) - min(means[j], tops[j])
        y = np.concatenate([table[j : j + 1], table[j : stops[j]]]) * FINE
        height, slopes[j] = _least_line(x, y, int(slopes[j]))
        best = min(best, -(-height // FINE))
        result[j] = best
    return result


def _least_line(x: Integers, y: Integers, slope: int) -> tuple[int, int]:
    """Least height at ``x = 0`` of the lines that were tried, all of them above the points; and the best slope.

    A line that falls by ``slope`` a unit and lies above all points has the height ``max(y + slope x)``. Cutting planes:
    the next slope joins the highest contacts on the two sides of 0.
    """
    split = min(max(int(np.searchsorted(x, 0)), 1), len(x) - 1)
    best, best_slope = int(y[0]), 0
    for _ in range(TRIES):
        lifted = y + slope * x
        left, right = int(lifted[:split].argmax()), split + int(lifted[split:].argmax())
        height = int(lifted.max())
        if height < best:
            best, best_slope = height, slope
        if x[left] >= x[right]:
            break
        new = int((y[left] - y[right]) // (x[right] - x[left]))
        if new == slope or not 0 <= new < STEEPEST:
            break
        slope = new
    return best, best_slope


def _edges(start: Fraction, last: Fraction, cells: int) -> list[Fraction]:
    half = cells // 2
    low = [start * Fraction(_ratio(Fraction(1, 2) / start, i, half)) for i in range(half)]
    gap = 1 - last
    high = [1 - Fraction(1, 2) * Fraction(_ratio(2 * gap, i, half)) for i in range(half)]
    inner = sorted({Fraction(round(v * (1 << 40)), 1 << 40) for v in low + high})
    # The last cell succeeds: its left end lies strictly above 1 - 2 s / l.
    return [start, *(v for v in inner if start < v < last), last + Fraction(1, 1 << 50)]


def _ratio(total: Fraction, i: int, count: int) -> float:
    return math.exp(math.log(float(total)) * i / count)
