r"""How well the subset sums of one pool cover a window: decided exactly, for all targets at once.

The distance to ``S(x)`` is piecewise linear in ``z``, so its supremum over ``[low, high]`` is the largest of the
distances of ``low`` and ``high`` to ``S(x)`` and half of each gap between neighbouring sums whose midpoint lies in the
window. (Half the largest gap that merely meets the window is too much: its midpoint may lie outside.)

Up to 24 samples all sums are sorted by merging. Beyond, no table is held: the gaps of interest are at least as wide
as the cells of a fine grid, so each cell keeps only its least and greatest sum, and one stretch of the grid at a time
is filled from two sorted halves.
"""

import math
from typing import Any

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.compiled import kernel
from sltk.core.threads import over_cores, piece
from sltk.subset_sum.kernels.merge import sorted_sums
from sltk.subset_sum.problem import RANGE, array

TABLE = 24  # 2^24 sums: 320 MB while they are sorted
LARGEST = 34  # 2^34 sums pass by in about a minute
CELLS = 1 << 15  # cells of a stretch: least and greatest sums together fit the second cache


def covering_radius(pool: Any, low: float, high: float) -> Any:
    """Supremum over ``z`` in ``[low, high]`` of the distance from ``z`` to the subset sums of ``pool``.

    Args:
        pool: ``(n,)`` or ``(..., n)``, ``n <= 34`` samples; ``O(2^n)``.
        low: lower end of the window, in the units of ``pool``.
        high: upper end, ``>= low``.

    Returns:
        A float, or ``(...)`` float64, within ``(n + 4) 2^-52 (max(|low|, |high|) + sum |x|)`` of the exact supremum.

    Raises:
        SltkError: for an empty window, numbers that are not finite, sums that may overflow, ``n > 34``.

    Source: elementary; the rule for the midpoints is derived here.
    """
    pools, low, high = _read(pool, low, high)
    n = pools.shape[-1]
    radius = np.empty(math.prod(pools.shape[:-1]))
    rows = np.ascontiguousarray(pools.reshape(radius.size, n))
    if n > TABLE:
        for row, x in enumerate(rows):
            radius[row] = radius_by_stretches(x, low, high)
    else:

        def run(workspace: Any, first: int, last: int) -> None:
            _by_table(workspace, rows, low, high, radius, first, last)

        over_cores(run, len(rows), piece(len(rows), 4 << n), lambda: _table_workspace(n))
    return radius.reshape(pools.shape[:-1]) if pools.ndim > 1 else float(radius[0])


def covers(pool: Any, eps: float, low: float, high: float) -> Any:
    """Whether every ``z`` in ``[low, high]`` is within ``eps`` of a subset sum of ``pool``.

    Args:
        pool: ``(n,)`` or ``(..., n)``, ``n <= 34`` samples.
        eps: tolerance > 0, in the units of ``pool``.
        low: lower end of the window.
        high: upper end, ``>= low``.

    Returns:
        A bool, or ``(...)`` bool; exact but for radii within the rounding of ``covering_radius`` of ``eps``.

    Raises:
        SltkError: as ``covering_radius``, and for ``eps <= 0``.
    """
    if not eps > 0:
        raise SltkError(f"covers needs eps > 0, but got eps={eps}; pass the tolerance in the units of the pool.")
    return covering_radius(pool, low, high) <= eps


def _table_workspace(n: int) -> tuple[Values, Values, Values]:
    return np.empty(1 << n), np.empty(1 << n), np.empty(max(1, (1 << n) // 2))


def radius_by_stretches(x: Values, low: float, high: float) -> float:
    """Radius from two sorted halves; the cells shrink until no gap inside one of them could matter."""
    h = x.size // 2
    a, b = sorted_sums(x[:h], *_table_workspace(h)), sorted_sums(x[h:], *_table_workspace(x.size - h))
    (below, over_low), (under_high, above) = _neighbours(a, b, low), _neighbours(a, b, high)
    ends = max(min(low - below, over_low - low), min(high - under_high, above - high))
    if low == high:
        return ends
    least, greatest = np.empty(CELLS), np.empty(CELLS)
    finest = max(max(abs(low), abs(high)) * 2.0**-52, np.finfo(np.float64).smallest_subnormal)
    cell = max(math.ldexp(max(float(np.abs(x).sum()), high - low), 2 - x.size), finest)
    while True:
        radius = max(ends, _largest_gap(a, b, low, high, cell, below, above, least, greatest))
        if radius >= 0.6 * cell or cell == finest:
            return radius
        cell = max(cell / 8, finest)


def _read(pool: Any, low: float, high: float) -> tuple[Values, float, float]:
    pools, low, high = array("pool", pool), float(array("low", low)), float(array("high", high))
    if low > high:
        raise SltkError(f"covering_radius needs low <= high, but got [{low}, {high}]; swap the two.")
    if pools.ndim == 0:
        raise SltkError("pool must have shape (n,) or (..., n), but it is a single number; write [x].")
    if pools.shape[-1] > LARGEST:
        raise SltkError(
            f"covering_radius passes over all 2^n sums, n <= {LARGEST}, but n={pools.shape[-1]}; take a sub-pool such "
            f"as pool[..., :{LARGEST}]: its radius bounds the pool's from above."
        )
    with np.errstate(over="ignore"):
        size = np.abs(pools).sum(axis=-1) + abs(low) + abs(high)
    if size.size and not (size <= RANGE).all():
        raise SltkError(f"sum |pool| + |low| + |high| must stay below {RANGE:.3g} for sums not to overflow; rescale.")
    return pools, low, high


@kernel
def _half_gap(below: float, above: float, low: float, high: float) -> float:
    """Half of a gap whose midpoint is in the window, else zero."""
    if below == -np.inf or above == np.inf:
        return 0.0
    middle = below + 0.5 * (above - below)
    return 0.5 * (above - below) if low <= middle <= high else 0.0


@kernel
def _radius(sums: Values, low: float, high: float) -> float:
    """Largest distance from ``[low, high]`` to the ascending ``sums``."""
    first, last = np.searchsorted(sums, low), np.searchsorted(sums, high)
    radius = max(_distance(sums, int(first), low), _distance(sums, int(last), high))
    for t in range(max(first, 1), min(last + 1, sums.size)):
        radius = max(radius, _half_gap(sums[t - 1], sums[t], low, high))
    return radius


@kernel
def _distance(sums: Values, place: int, z: float) -> float:
    """Distance from ``z`` to ``sums``, which it would enter at ``place``."""
    distance: float = np.inf
    if place > 0:
        distance = z - sums[place - 1]
    if place < sums.size:
        distance = min(distance, sums[place] - z)
    return distance


@kernel
def _by_table(
    workspace: tuple[Values, Values, Values], pools: Values, low: float, high: float, radius: Values, first: int,
    last: int,
) -> None:  # fmt: skip
    for row in range(first, last):
        radius[row] = _radius(sorted_sums(pools[row], workspace[0], workspace[1], workspace[2]), low, high)


@kernel
def _neighbours(a: Values, b: Values, z: float) -> tuple[float, float]:
    """The greatest ``a_i + b_j`` at most ``z`` and the least at least ``z``; infinite where there is none."""
    below, above = -np.inf, np.inf
    j = b.size
    for i in range(a.size):
        while j > 0 and a[i] + b[j - 1] >= z:
            j -= 1
        if j < b.size:
            above = min(above, a[i] + b[j])
        if j > 0:
            below = max(below, a[i] + b[j - 1])
    return (z, z) if above == z else (below, above)


@kernel
def _fill(a: Values, b: Values, base: float, cell: float, least: Values, greatest: Values, place: Indices) -> None:
    """Enter the sums from ``place`` on that lie in the stretch of cells at ``base``; move ``place`` past them."""
    for k in range(least.size):
        least[k] = np.inf
        greatest[k] = -np.inf
    for i in range(a.size):
        j = place[i]
        while j < b.size:
            s = a[i] + b[j]
            far = (s - base) / cell
            if far >= least.size:
                break
            k = np.int64(far)
            least[k] = min(least[k], s)
            greatest[k] = max(greatest[k], s)
            j += 1
        place[i] = j


@kernel
def _largest_gap(
    a: Values, b: Values, low: float, high: float, cell: float, below: float, above: float, least: Values,
    greatest: Values,
) -> float:  # fmt: skip
    """Half the largest gap wider than a cell with its midpoint in the window, going up from ``below``."""
    place = np.empty(a.size, np.int64)
    for i in range(a.size):
        place[i] = np.searchsorted(b, low - a[i])
        while place[i] > 0 and a[i] + b[place[i] - 1] >= low:
            place[i] -= 1
        while place[i] < b.size and a[i] + b[place[i]] < low:
            place[i] += 1
    half, base, previous = 0.0, low, below
    while base <= high:
        _fill(a, b, base, cell, least, greatest, place)
        for k in range(least.size):
            if least[k] <= high:
                half = max(half, _half_gap(previous, least[k], low, high))
                previous = greatest[k]
        base += cell * least.size
    return max(half, _half_gap(previous, above, low, high)) if previous < above else half
