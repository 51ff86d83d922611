"""The explicit covering theorem (claim ``subset-sum-covering``).

Let the density be at least p0 on ``|x| <= L`` and ``c = p0 L``; cover ``I = [-L/2, L/2]`` from the one sum 0 with
radius ``e/2``, and let v be the covered share, ``C' = C + ((C + x) meet I)``. Then ``E[v' | v] >= v (1 + c (1 -
v))``, ``v <= v' <= 2 v``, and for the convex, decreasing ``Phi(v) = (1 - v)/v`` the law of v' with the largest ``E
Phi(v')`` sits on the two ends of ``[v, min(2 v, 1)]``: ``E Phi' <= (1 - c/2) Phi`` for ``v <= 1/2``, ``(1 - c v)
Phi`` above. Markov's inequality at ``1 - v = e/(2 L)`` gives ``P(fail) <= (2 L^2/e^2) (1 - c/2)^n``; a hole of
measure below ``e/2`` costs at most ``e/2`` more.
"""

from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._widths import closed_form

_v, _c, _L, _e = sp.symbols("v c L e", positive=True)


def _phi(v: sp.Expr) -> sp.Expr:
    return (1 - v) / v


def _mean_growth(share: Fraction = Fraction(1, 2)) -> bool:
    """Every union C of 6 equal cells of I, U[-1,1], L = 1: ``E|C'| = |C| + |C| |I - C|/2`` exactly.

    The gain is piecewise linear in x with breaks at multiples of the cell, so the trapezoid rule has no error.
    """
    cells = 6
    for pattern in product((0, 1), repeat=cells):
        gains = [_gain(pattern, shift) for shift in range(-cells, cells + 1)]
        mean = sum((gains[i] + gains[i + 1]) / 2 for i in range(2 * cells)) / (2 * cells)
        v = Fraction(sum(pattern), cells)
        require(mean >= share * v * (1 - v), f"cells {pattern} gain {mean} on average")
    return True


def _gain(pattern: tuple[int, ...], shift: int) -> Fraction:
    """New share when a copy shifted by whole cells is added."""
    n = len(pattern)
    fresh = [i for i in range(n) if not pattern[i] and 0 <= i - shift < n and pattern[i - shift]]
    return Fraction(len(fresh), n)


def _convex_and_decreasing(sign: int = 1) -> bool:
    first, second = sp.diff(sign * _phi(_v), _v), sp.diff(sign * _phi(_v), _v, 2)
    return bool(sp.simplify(first).is_negative) and bool(sp.simplify(second).is_positive)


def _below_half(growth: sp.Expr = 1 + _c * (1 - _v), top: int = 2, rate: sp.Expr = 1 - _c / 2) -> bool:
    """``p = c (1 - v)`` puts the mean right, and ``(1 - p) Phi(v) + p Phi(2 v) = (1 - c/2) Phi(v)``."""
    p = sp.solve(_v + sp.Symbol("p") * (top * _v - _v) - _v * growth, sp.Symbol("p"))[0]
    return sp.simplify((1 - p) * _phi(_v) + p * _phi(top * _v) - rate * _phi(_v)) == 0


def _above_half(rate: sp.Expr = 1 - _c * _v) -> bool:
    """``p = c v`` puts the mean right, and the end 1 has ``Phi = 0``."""
    p = sp.solve(_v + sp.Symbol("p") * (1 - _v) - _v * (1 + _c * (1 - _v)), sp.Symbol("p"))[0]
    return sp.simplify((1 - p) * _phi(_v) - rate * _phi(_v)) == 0


def _markov(factor: int = 2) -> bool:
    """``Phi(e/L) / Phi(1 - e/(2L)) <= 2 L^2/e^2`` for ``e < L``: the difference has a nonnegative numerator."""
    u = sp.Symbol("u", positive=True)  # e/L = u/(1 + u) runs through (0, 1)
    start = u / (1 + u)
    ratio = _phi(start) / _phi(1 - start / 2)
    room = sp.together(sp.simplify(factor / start**2 - ratio))
    return all(k >= 0 for k in sp.Poly(sp.numer(room), u).coeffs()) and all(
        k >= 0 for k in sp.Poly(sp.denom(room), u).coeffs()
    )


def _hole(share: Fraction = Fraction(1, 2)) -> bool:
    """A point of I further than t from C leaves at least t of I uncovered: its worst place is an end of I.

    Exact over a grid of places z and distances t <= L: ``|[z - t, z + t] meet I| >= t``; the total radius is then e.
    """
    grid = [Fraction(k, 24) for k in range(25)]
    for z, t in product(grid, grid):
        inside = min(z + t, Fraction(1)) - max(z - t, Fraction(0))
        require(inside >= t, f"z = {z}, t = {t}")
    return share + Fraction(1, 2) == 1


def _widths(rate: Fraction = Fraction(1, 2)) -> bool:
    """The widths at U[-1,1], L = 1, c = 1/2, in exact rationals: 29, 45, 51, 61."""
    asked = ((".1", ".05"), (".01", ".05"), (".01", ".01"), (".001", ".05"))
    found = [closed_form(Fraction(1), rate, Fraction(e), Fraction(delta)) for e, delta in asked]
    require(found == [29, 45, 51, 61], f"widths {found}")
    return True


CHECK = ProofCheck(
    key="subset-sum-covering",
    steps=(
        ProofStep("mean gain of all unions of six cells, exactly", _mean_growth,
                  {"c = .51": {"share": Fraction(51, 100)}}),
        ProofStep("Phi is convex and decreasing", _convex_and_decreasing, {"-Phi": {"sign": -1}}),
        ProofStep("two-point law for v <= 1/2", _below_half,
             {"1 - v dropped": {"growth": 1 + _c}, "upper end 3 v": {"top": 3}, "rate 1 - c": {"rate": 1 - _c}}),
        ProofStep("two-point law for v >= 1/2", _above_half, {"rate 1 - c": {"rate": 1 - _c}}),
        ProofStep("Markov's inequality gives 2 L^2/e^2", _markov, {"L^2/e^2": {"factor": 1}}),
        ProofStep("an uncovered measure below e/2 costs at most e/2", _hole,
             {"2/3 e left to the hole": {"share": Fraction(2, 3)}}),
        ProofStep("the closed form's widths in exact rationals", _widths, {"c = .45": {"rate": Fraction(9, 20)}}),
    ),
    covers="Every line of the proof, with Fubini's theorem for the mean gain of a general covered set, Jensen's "
    "inequality for chords, and Markov's.",
)  # fmt: skip
