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
def ramps(points: Values, most: int, order: int) -> Values:
    """``out[k, m, i] = E (t - X)_+^k / k!``, ``t = min(points[i], m)``, X a sum of m uniforms; m to most, k to order.

    The k-fold integral of the distribution function is ``sum_j C(j + k, k) f_{m+k+1}(t - j)``: no term is negative.
    """
    out = _ramps(points, most, order)
    whole = np.zeros(most + 1)
    for m in range(most + 1):
        whole[m] = m
    ends = _ramps(whole, most, order)
    for i in range(points.size):
        for m in range(most + 1):
            if points[i] > m:
                out[:, m, i] = ends[:, m, m]
    return out


@kernel
def _ramps(points: Values, most: int, order: int) -> Values:
    out = np.zeros((order + 1, most + 1, points.size))
    row = np.empty(most + order + 3)
    for i in range(points.size):
        t = points[i]
        if t < 0.0:
            continue
        last = min(int(t), most + order + 1)
        row[:] = 0.0
        if t < most + order + 2:
            row[int(t)] = 1.0
        for level in range(1, most + order + 2):
            if level > 1:
                for k in range(last + 1):
                    row[k] = (max(t - k, 0.0) * row[k] + max(level - t + k, 0.0) * row[k + 1]) / (level - 1)
            for order_now in range(order + 1):
                m = level - 1 - order_now
                if 0 <= m <= most:
                    total, ways = 0.0, 1.0
                    for j in range(last + 1):
                        total += ways * row[j]
                        ways = ways * (j + 1 + order_now) / (j + 1)
                    out[order_now, m, i] = total
    return out


@kernel
def collect_statistics(
    lows: Indices, ways: Values, lengths: Indices, shift: int, place: Indices, feature: Indices, blocks: Indices,
    table: Values, width: float, total: Indices, quadratic: Values,
) -> float:  # fmt: skip
    """What ``collect`` does for kinds, and the same for ``F_j = sum_I y_I^j 1_I``, ``j = 1, 2``.

    ``y_I`` is the sum of the samples outside I, less z. For a pair ``(I, J)``, ``y_J = Y + u`` and ``y_I = Y + v`` with
    ``Y = D - C``, D the samples in neither, ``u = A - s``, ``v = B - s``. ``table[at]`` holds the integrals of
    ``u^p v^q (C - E C)^i`` in the order of ``sltk.subset_sum.widths.moment_table.POWERS``; ``total`` is the kind of all
    samples. The last two columns of ``quadratic`` are those of F_1 and F_2; below the diagonal they are not filled.
    Returned is the sum over all pairs, ``E int mu N^2``.
    """
    f1, f2, pairs = quadratic.shape[0] - 2, quadratic.shape[0] - 1, 0.0
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
                    c = place[both, g_both + shift]
                    t = table[blocks[0, c] + place[left, g_left + shift] * blocks[1, c] + place[right, g_right + shift]]
                    if t[0] == 0.0:
                        continue
                    rest = total[0] - both - left - right
                    g_rest = total[1] - g_both - g_left - g_right
                    # e + D' - C', with D', C' centred: E D'^2 = d2, E D'^4 = d4, odd moments 0.
                    e = width * (g_rest - g_both + 0.5 * (rest - both))
                    d2 = width**2 * rest / 12.0
                    d4 = width**4 * (rest / 80.0 + rest * (rest - 1) / 48.0)
                    e2 = e * e
                    y1 = e * t[0] - t[1]
                    y2 = (e2 + d2) * t[0] - 2.0 * e * t[1] + t[2]
                    y3 = e * (e2 + 3.0 * d2) * t[0] - 3.0 * (e2 + d2) * t[1] + 3.0 * e * t[2] - t[3]
                    y4 = (e2 * e2 + 6.0 * e2 * d2 + d4) * t[0] - 4.0 * e * (e2 + 3.0 * d2) * t[1]
                    y4 += 6.0 * (e2 + d2) * t[2] - 4.0 * e * t[3] + t[4]
                    u, uv, uu = t[5], t[9], t[12]
                    y1u, y1uv, y1uu = e * t[5] - t[6], e * t[9] - t[10], e * t[12] - t[13]
                    y2u = (e2 + d2) * t[5] - 2.0 * e * t[6] + t[7]
                    y2uv = (e2 + d2) * t[9] - 2.0 * e * t[10] + t[11]
                    y2uu = (e2 + d2) * t[12] - 2.0 * e * t[13] + t[14]
                    y3u = e * (e2 + 3.0 * d2) * t[5] - 3.0 * (e2 + d2) * t[6] + 3.0 * e * t[7] - t[8]
                    y1uuv = e * t[15] - t[16]
                    row = feature[both + left, g_both + g_left + shift]
                    column = feature[both + right, g_both + g_right + shift]
                    if row >= 0 and column >= 0:
                        quadratic[row, column] += count * t[0]
                    if row >= 0:
                        quadratic[row, f1] += count * (y1 + u)
                        quadratic[row, f2] += count * (y2 + 2.0 * y1u + uu)
                    # u and v change places with I and J: over all ordered pairs v^q u^p adds up to the same
                    quadratic[f1, f1] += count * (y2 + 2.0 * y1u + uv)
                    quadratic[f1, f2] += count * (y3 + 3.0 * y2u + y1uu + 2.0 * y1uv + t[15])
                    pairs += count * t[0]
                    quadratic[f2, f2] += count * (y4 + 4.0 * y3u + 2.0 * y2uu + 4.0 * y2uv + 4.0 * y1uuv + t[17])
    return pairs


@kernel
def collect(
    lows: Indices, ways: Values, lengths: Indices, shift: int, place: Indices, feature: Indices, blocks: Indices,
    table: Values, quadratic: Values,
) -> None:  # fmt: skip
    """Add up, over all ordered pairs ``(I, J)`` of subsets by type, the entries of ``table`` into ``quadratic``.

    ``ways[b, i] = (common, only I, only J, multinomial)`` of bin ``b``; ``place[m, g + shift]`` numbers the sums of
    ``m`` samples with total low end ``g``, ``feature`` does so for whole subsets (negative: not used). The entries of
    what is common, number c, are a square block of ``table``, from ``blocks[0, c]`` on and ``blocks[1, c]`` wide.
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
                        at = blocks[0, c] + place[left, g_left + shift] * blocks[1, c] + place[right, g_right + shift]
                        quadratic[row, column] += count * table[at]
