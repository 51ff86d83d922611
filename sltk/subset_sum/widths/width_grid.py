"""Grid of covered shares for the width certificate, and distances on it, rounded outward.

An edge is kept as the share ``e`` and as the gap ``1 - e``, so that both ends of the grid have all digits: the least
share is about eps, and so is the gap of the last edge, whatever eps. A distance from edge ``j`` is an integer in units
of ``2^-26`` of a power of two just above ``min(e_j, 1 - e_j)``, the farthest that one step can go.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Indices
from sltk.subset_sum.widths.width_kernel import SPAN

Reals = NDArray[np.float64]

OCTAVE = 64  # least number of cells in a factor of two, of the share and of the gap
_GUARD = 2.0**-10  # of a unit: more than the rounding of a distance, which is below 2^-24


@dataclass(frozen=True)
class Grid:
    """Edges ``e_0 < .. < e_N = 1``; cell ``j`` is ``[e_j, e_{j+1})``, the last one succeeds.

    Attributes:
        share: ``(N + 1,)``, ``e``, exact below 1/2.
        gap: ``(N + 1,)``, ``1 - e``, exact above 1/2.
        unit: ``(N,)``, of the distances from each edge, powers of two.
        starts, ends: distances to the right ends of the cells that each edge can come to, in units, rounded up; those
            of edge ``j`` are ``ends[starts[j]:starts[j + 1]]``.
    """

    share: Reals
    gap: Reals
    unit: Reals
    starts: Indices
    ends: NDArray[np.int32]

    @property
    def cells(self) -> int:
        """How many."""
        return self.unit.size

    def cell(self, share: Fraction) -> int:
        """Cell that holds ``share``, -1 where it lies before the first."""
        near = float(share)
        if Fraction(near) > share:
            near = math.nextafter(near, 0.0)
        return int(np.searchsorted(self.share[:-1], near, side="right")) - 1

    def distances(self, lengths: Reals) -> Indices:
        """``(N,)`` lengths from each edge in its units, rounded down; at least 0."""
        return np.maximum(np.floor(lengths / self.unit - _GUARD), 0.0).astype(np.int64)


def make_grid(slack_share: Fraction, cells: int) -> Grid:
    """Grid for the slack share ``s / l``: from the least start to 1, dense where the share or the gap is small.

    The last edge lies strictly above ``1 - 2 s / l``; the first at most at ``9 s / (5 l)``.
    """
    first, last = float(slack_share) * 1.8 * (1.0 - 2.0**-40), float(slack_share) * 2.0 * (1.0 - 2.0**-26)
    shares = np.geomspace(first, 0.5, _count(first, cells))[:-1]
    gaps = np.geomspace(0.5, last, _count(last, cells))
    share = np.concatenate([shares, 1.0 - gaps, [1.0]])
    gap = np.concatenate([1.0 - shares, gaps, [0.0]])
    _, exponent = np.frexp(np.minimum(share, gap)[:-1])
    unit = np.ldexp(1.0 / SPAN, exponent)
    lists = [_ends(j, shares.size, share, gap, unit[j]) for j in range(unit.size)]
    starts = np.concatenate([[0], np.cumsum([ends.size for ends in lists])]).astype(np.int64)
    return Grid(share, gap, unit, starts, np.concatenate(lists))


def _count(smallest: float, cells: int) -> int:
    return max(cells // 2, math.ceil(OCTAVE * -math.log2(smallest)))


def _ends(j: int, low: int, share: Reals, gap: Reals, unit: float) -> NDArray[np.int32]:
    """Distances from edge ``j`` to the right ends of cells ``j, j + 1, ..``; ``low`` edges lie below 1/2.

    Shares within a factor of two, and gaps, are subtracted without cancellation of what rounding has touched.
    """
    if j >= low:
        distance = gap[j] - gap[j + 1 :]
    else:
        stop = int(np.searchsorted(share, 2.0 * float(share[j]))) + 1
        small = share[j + 1 : min(stop, low)] - share[j]
        distance = np.concatenate([small, (1.0 - share[j]) - gap[max(low, j + 1) : stop]])
    farthest: int = math.ceil(min(share[j], gap[j]) / unit + _GUARD)
    ends: NDArray[np.int32] = np.minimum(np.ceil(distance / unit + _GUARD), farthest).astype(np.int32)
    # Cells beyond the first that ends at the farthest point have smaller values there: the hull never needs them.
    return ends[: int(np.searchsorted(ends, farthest)) + 1]
