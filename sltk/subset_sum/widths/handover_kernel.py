"""Kernel of the iterated hand-over: the vertices of the least of several lines."""

import numpy as np

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.compiled import kernel


@kernel
def lower_envelopes(heights: Values, slopes: Values, rho: Values, tops: Values, lows: Values) -> Values:
    """Rows ``(u, lows[j], v)``: vertices of ``v = min_i (heights[j, i] + slopes[i] rho[j] u)``, ``0 <= u <= tops[j]``.

    From the least line at 0 to the one that crosses it first, and so on; both ends of the interval are rows.
    """
    out = np.empty((rho.size * (slopes.size + 1), 3))
    rows = 0
    for j in range(rho.size):
        best = 0
        for i in range(slopes.size):
            lower = heights[j, i] - heights[j, best]
            if lower < 0.0 or (lower == 0.0 and slopes[i] < slopes[best]):
                best = i
        out[rows] = 0.0, lows[j], heights[j, best]
        rows, reached = rows + 1, 0.0
        while reached < tops[j]:
            following, at = -1, tops[j]
            for i in range(slopes.size):
                flatter = (slopes[best] - slopes[i]) * rho[j]
                if flatter > 0.0:
                    crossing = max((heights[j, i] - heights[j, best]) / flatter, reached)
                    if crossing < at or (crossing == at and following >= 0 and slopes[i] < slopes[following]):
                        following, at = i, crossing
            out[rows] = at, lows[j], heights[j, best] + slopes[best] * rho[j] * at
            rows += 1
            if following < 0:
                break
            reached, best = at, following
    return out[:rows]
