"""Kernels of the second-moment certificate: distributions of sums of uniforms, and pairs of subsets by type."""

import numpy as np

from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.compiled import kernel


@kernel
def irwin_hall(points: Values, most: int) -> Values:
    """``out[m, i] = P(U_1 + .. + U_m <= points[i])`` for ``m <= most``: only sums of terms that are not negative.

    De Boor's recurrence for the density, and ``P(U_1 + .. + U_m <= t) = f_{m+1}(t) + f_{m+1}(t - 1) + ..``.
    """
    out = np.zeros((most + 1, points.size))
    row = np.empty(most + 3)
    for i in range(points.size):
        t = points[i]
        out[0, i] = 1.0 if t >= 0.0 else 0.0
        row[:] = 0.0
        for k in range(most + 2):
            row[k] = 1.0 if 0.0 <= t - k < 1.0 else 0.0
        for m in range(2, most + 2):
            total = 0.0
            for k in range(most + 2):
                row[k] = (max(t - k, 0.0) * row[k] + max(m - t + k, 0.0) * row[k + 1]) / (m - 1)
                total += row[k]
            out[m - 1, i] = 0.0 if t <= 0.0 else (1.0 if t >= m - 1 else total)
    return out


@kernel
def collect(
    lows: Indices, ways: Values, lengths: Indices, shift: int, place: Indices, feature: Indices, first: Indices,
    size: Indices, table: Values, quadratic: Values,
) -> None:  # fmt: skip
    """Add up, over all ordered pairs ``(I, J)`` of subsets by type, the entries of ``table`` into ``quadratic``.

    ``ways[b, i] = (common, only I, only J, multinomial)`` of bin ``b``; ``place[m, g + shift]`` numbers the sums of
    ``m`` samples with total low end ``g``, ``feature`` does so for whole subsets (negative: not used).
    """
    for i in range(lengths[0]):
        for j in range(lengths[1]):
            for k in range(lengths[2]):
                for h in range(lengths[3]):
                    both, left, right, count = 0, 0, 0, 1.0
                    g_both, g_left, g_right = 0, 0, 0
                    for b, at in enumerate((i, j, k, h)):
                        way = ways[b, at]
                        common, only_left, only_right = int(way[0]), int(way[1]), int(way[2])
                        both, g_both = both + common, g_both + common * lows[b]
                        left, g_left = left + only_left, g_left + only_left * lows[b]
                        right, g_right = right + only_right, g_right + only_right * lows[b]
                        count *= way[3]
                    row = feature[both + left, g_both + g_left + shift]
                    column = feature[both + right, g_both + g_right + shift]
                    if row >= 0 and column >= 0:
                        c = place[both, g_both + shift]
                        at = first[c] + place[left, g_left + shift] * size[c] + place[right, g_right + shift]
                        quadratic[row, column] += count * table[at]
