"""Arithmetic on unevaluated sums ``high + low`` of two float64 numbers, with ``|low| <= u |high|``, ``u = 2**-53``.

What two numbers lose when they are added or multiplied is a number of float64 itself (Knuth; Dekker), so that a sum of
two carries about 106 bits. Relative errors, without underflow: ``_add`` at most ``3 u^2 + 13 u^3`` of ``|x| + |y|``,
``_times`` ``5 u^2``, ``_over`` ``10 u^2``.

Source: Joldes, Muller and Popescu, Tight and rigorous error bounds for basic building blocks of double-word arithmetic,
ACM TOMS 44 (2017), recalled; the other bounds are derived here, with room, and tests hold them against more digits.
"""

from typing import Any

import numpy as np

from sltk.core.numerics.compiled import instructions, kernel

Entries = Any  # float64 arrays
Places = Any  # int64 arrays

LN2_HIGH, LN2_MIDDLE, LN2_LOW = 0.6931471805598903, 5.497923018708371e-14, 1.94704509238075e-31
"""``ln 2`` in parts; the first has 42 bits, so that its multiples up to ``2**11`` are exact."""
FURTHEST = 700.0  # beyond, ``exp(-t)`` is below ``2**-1000`` and taken as it is there
HALVINGS = 6
# 1/2, 1/6, ..., 1/720 in two parts.
C2 = 0.5
C3, D3 = 0.16666666666666666, 9.25185853854297e-18
C4, D4 = 0.041666666666666664, 2.3129646346357427e-18
C5, D5 = 0.008333333333333333, 1.1564823173178714e-19
C6, D6 = 0.001388888888888889, -5.300543954373577e-20
C7, C8, C9, C10 = 1 / 5040, 1 / 40320, 1 / 362880, 1 / 3628800
C11, C12, C13 = 1 / 39916800, 1 / 479001600, 1 / 6227020800


@instructions
def _fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """``a b + c`` with one rounding."""
    from numba.core import types

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.fma(*given)

    return types.float64(a, b, c), generate


@kernel
def _sum(a: float, b: float) -> tuple[float, float]:
    """``a + b`` exactly, as its float64 number and the rest."""
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


@kernel
def _product(a: float, b: float) -> tuple[float, float]:
    """``a b`` exactly."""
    p = a * b
    return p, _fma(a, b, -p)


@kernel
def _add(x: float, y: float, z: float, w: float) -> tuple[float, float]:
    """``(x + y) + (z + w)``."""
    s, e = _sum(x, z)
    t, f = _sum(y, w)
    s, e = _sum(s, e + t)
    return _sum(s, e + f)


@kernel
def _times(x: float, y: float, z: float, w: float) -> tuple[float, float]:
    """``(x + y) (z + w)``."""
    p, e = _product(x, z)
    return _sum(p, e + _fma(x, w, y * z))


@kernel
def _over(x: float, y: float, z: float, w: float) -> tuple[float, float]:
    """``(x + y) / (z + w)``."""
    q = x / z
    p, e = _times(z, w, q, 0.0)
    r, f = _add(x, y, -p, -e)
    return _sum(q, (r + f) / z)


@kernel
def sums(
    high: Entries, low: Entries, bias: Entries, pointer: Places, plane: Places, shift: Places, value: Entries,
    out_high: Entries, out_low: Entries, tile: tuple[int, int],
) -> None:  # fmt: skip
    """``bias[r] + sum_k value[k] x[plane[k], t + shift[k]]`` for ``x = high + low`` and the entries t of one tile.

    With K weights in a row, ``P = |bias| + sum |value| |high|`` and ``|low| <= u |high|``, the result is off by at most
    ``u^2 (K^2 + 3 K + 8) P (1 + 2**-20)`` for ``K < 2**20``: sums and products of the first parts are exact but for
    their rests, of which each is at most ``u P``; the rests, ``2 u |value| |high|`` besides, are added in float64.

    Args:
        high, low: ``(planes, entries)``; out_high, out_low: ``(rows, entries)``.
        pointer: ``(rows + 1,)``, weights ``pointer[r] <= k < pointer[r + 1]`` belong to row r.
        tile: first and last (exclusive) entry.
    """
    first, end = tile
    n = end - first
    a, rest = np.empty(n), np.empty(n)
    for r in range(len(pointer) - 1):
        a[:] = bias[r]
        rest[:] = 0.0
        for k in range(pointer[r], pointer[r + 1]):
            v = value[k]
            x = high[plane[k], shift[k] + first : shift[k] + end]
            y = low[plane[k], shift[k] + first : shift[k] + end]
            for j in range(n):
                p = v * x[j]
                e = _fma(v, x[j], -p)
                s = a[j] + p
                part = s - a[j]
                rest[j] += ((a[j] - (s - part)) + (p - part)) + _fma(v, y[j], e)
                a[j] = s
        for j in range(n):
            out_high[r, first + j], out_low[r, first + j] = _sum(a[j], rest[j])


@kernel
def added(high: Entries, low: Entries, more: Entries, rest: Entries) -> None:
    """Add ``more + rest`` to ``high + low``, flat, in place."""
    for i in range(high.size):
        high[i], low[i] = _add(high[i], low[i], more[i], rest[i])


@kernel
def multiplied(high: Entries, low: Entries, more: Entries, rest: Entries) -> None:
    """Multiply ``high + low`` by ``more + rest``, flat, in place."""
    for i in range(high.size):
        high[i], low[i] = _times(high[i], low[i], more[i], rest[i])


@kernel
def exponential(high: Entries, low: Entries, powers: Entries, out_high: Entries, out_low: Entries) -> None:
    """``exp(-|x|)``, flat, off by at most ``2**-98``.

    ``|x| = n ln 2 + r`` with ``|r| <= .35``; ``exp(y) - 1`` for ``y = -r / 64`` by its series up to ``y^13``, in two
    parts up to ``y^6``; and six times ``(1 + s)^2 - 1 = 2 s + s^2``.

    Args:
        powers: ``2**-n`` for ``0 <= n <= 1010``.
    """
    halvings = np.empty(high.size)
    for i in range(high.size):  # without a branch, so that it vectorises
        near = 1.0 if abs(high[i]) <= FURTHEST else 0.0
        t, f = min(abs(high[i]), FURTHEST), near * np.copysign(1.0, high[i]) * low[i]
        n = np.floor(t * 1.4426950408889634 + 0.5)
        y, g = _sum(t, -n * LN2_HIGH)
        p, e = _product(n, LN2_MIDDLE)
        y, g = _add(y, g, f, 0.0)
        y, g = _add(y, g, -p, -e - n * LN2_LOW)
        y, g = y * -0.015625, g * -0.015625
        tail = C9 + y * (C10 + y * (C11 + y * (C12 + y * C13)))
        tail = C7 + y * (C8 + y * tail)
        s, h = _add(C6, D6, y * tail, 0.0)
        s, h = _times(s, h, y, g)
        s, h = _add(C5, D5, s, h)
        s, h = _times(s, h, y, g)
        s, h = _add(C4, D4, s, h)
        s, h = _times(s, h, y, g)
        s, h = _add(C3, D3, s, h)
        s, h = _times(s, h, y, g)
        s, h = _add(C2, 0.0, s, h)
        s, h = _times(s, h, y, g)
        s, h = _times(s, h, y, g)
        s, h = _add(y, g, s, h)
        for _ in range(HALVINGS):
            q, o = _times(s, h, s, h)
            s, h = _add(2.0 * s, 2.0 * h, q, o)
        out_high[i], out_low[i] = _add(1.0, 0.0, s, h)
        halvings[i] = n
    for i in range(high.size):
        scale = powers[int(halvings[i])]
        out_high[i], out_low[i] = out_high[i] * scale, out_low[i] * scale


@kernel
def logistic(high: Entries, low: Entries, decay: Entries, rest: Entries) -> None:
    """``1 / (1 + exp(-x))`` from ``decay + rest = exp(-|x|)``, flat, in the place of x; off by at most ``2**-96``."""
    for i in range(high.size):
        b, f = _add(1.0, 0.0, decay[i], rest[i])
        a, e = (1.0, 0.0) if high[i] >= 0.0 else (decay[i], rest[i])
        high[i], low[i] = _over(a, e, b, f)


@kernel
def hyperbolic(high: Entries, low: Entries, decay: Entries, rest: Entries) -> None:
    """``tanh(x)`` from ``decay + rest = exp(-2 |x|)``, flat, in the place of x; off by at most ``2**-96``."""
    for i in range(high.size):
        a, e = _add(1.0, 0.0, -decay[i], -rest[i])
        b, f = _add(1.0, 0.0, decay[i], rest[i])
        q, o = _over(a, e, b, f)
        sign = -1.0 if high[i] < 0.0 else 1.0
        high[i], low[i] = sign * q, sign * o
