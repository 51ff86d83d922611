"""The constants of the activation table, proved over all of R by interval branch and bound.

On a side of 0 with ``c_k(x) = phi^(k)(x) / k!``: ``|phi'| <= T`` is a bound of ``c_1``, and by Taylor's theorem
``|phi(x) - mu(x)| <= K |x|^q`` follows near 0 from ``|c_q| <= K``; further out it is proved as it stands. Bisection
proves a strict bound. Where the largest value sits at 0 there is no room to be strict, and the cell at 0 is settled
by ``|c_k(x)| <= |c_k(0)|``: either ``c_{k+1}`` has the sign that takes ``|c_k|`` down on the whole cell, or
``c_{k+1}(0) = 0`` and ``c_{k+2}`` has the sign opposite to ``c_k``. Beyond A the slope is bounded by the side's tail,
and the remainder by ``(T + |m|) |x| <= K |x|^q``.
"""

from fractions import Fraction

import sympy as sp
from flint import arb, arb_series

from proofs_checks._check import require
from proofs_checks._interval import ball, cell, prove_bound, prove_positive, taylor
from proofs_checks._profiles import PROFILES, HalfLine, Profile, X, complete
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.table import activation

NEAR = Fraction(1, 64)
ULP = Fraction(1, 2**52)


def slopes_and_intercepts(slope_factor: float = 1.0, intercept_shift: float = 0.0) -> bool:
    """``phi'(0+)``, ``phi'(0-)`` and ``phi(0)`` in closed form are within an ulp of the table's doubles."""
    require(complete(), "the profiles do not match the table's names")
    for profile in PROFILES:
        phi = activation(profile.name)
        for side, slope in ((profile.right, phi.slope_positive), (profile.left, phi.slope_negative)):
            _near(sp.diff(side.expression, X).subs(X, 0), slope * slope_factor, f"slope of {profile.name}")
            _near(side.expression.subs(X, 0), phi.intercept + intercept_shift, f"intercept of {profile.name}")
    return True


def lipschitz_constants(factor: float = 1.0) -> bool:
    """``|phi'| <= T`` on both sides of 0, for every activation of the table."""
    for profile in PROFILES:
        limit = activation(profile.name).lipschitz * factor
        for side, sign in _sides(profile):
            _bound_coefficient(side, sign, 1, limit, Fraction(12), f"{profile.name}'")
            if side.tail is not None:
                require(bool(side.tail(ball(12)) <= ball(limit)), f"tail of {profile.name}' exceeds {limit}")
    return True


def remainders(factor: float = 1.0, name: str = "") -> bool:
    """``|phi - mu| <= K |x|^q`` for all real x, mu with the closed-form slopes (``name``: that activation alone)."""
    for profile in PROFILES:
        phi = activation(profile.name)
        for side, sign in _sides(profile):
            if not name or profile.name == name:
                _remainder(profile, side, sign, phi, factor)
    return True


def minima(shift: float = 0.0) -> bool:
    """``phi' < 0`` up to 1e-7 left of the stored minimum, ``phi' > 0`` from 1e-7 right of it: it is the only one.

    For ``x >= 0`` every term of phi' is positive. Below -4, with ``a = -x``: gelu' < n(a) (1/a - a) by Mills' ratio;
    gelu_tanh' <= (1 + tanh u)/2 (1 - a u'), where u' rises with a; silu' = s (1 - a (1 - s)); mish' <= e^x (1 - a
    (1 - e^-2a)(1 - e^-a)). Each bracket falls with a, and is negative at 4.
    """
    four = ball(4)
    shrink = 1 - (-four).exp()
    brackets = (1 / four - four, 1 - four * shrink, 1 - four * (1 - (-2 * four).exp()) * shrink)
    require(all(bool(bracket < 0) for bracket in brackets), "a slope below -4 is not known to be negative")
    c, cubic = (2 / type(four).pi()).sqrt(), ball(Fraction(44715, 1_000_000))
    require(bool(1 - four * c * (1 + 3 * cubic * four * four) < 0), "gelu_tanh' below -4 is not known to be negative")
    for name in ("gelu", "gelu_tanh", "silu", "mish"):
        profile = next(p for p in PROFILES if p.name == name)
        phi, middle = activation(name), Fraction(activation(name).minimum or 0.0) + Fraction(shift)
        slope = taylor(profile.left.series or _absent, 1)
        prove_positive(lambda x, f=slope: -f(x), Fraction(-4), middle - Fraction(1, 10**7), f"-{name}'")
        prove_positive(slope, middle + Fraction(1, 10**7), Fraction(0), f"{name}'")
        require(phi.minimum is not None, f"{name} has no minimum in the table")
    return all(a.minimum is None for a in map(activation, ("tanh", "sigmoid", "softplus", "softsign", "erf")))


def _absent(_: arb_series) -> arb_series:
    raise AssertionError("a linear side has no series")


def _sides(profile: Profile) -> tuple[tuple[HalfLine, int], tuple[HalfLine, int]]:
    return (profile.right, 1), (profile.left, -1)


def _near(exact: sp.Expr, stored: float, name: str) -> None:
    gap = sp.Abs(sp.simplify(exact) - sp.Rational(*stored.as_integer_ratio()))
    room = sp.Rational(ULP.numerator, ULP.denominator) * sp.Abs(exact)
    require(bool(gap <= room), f"{name} is {sp.N(exact, 20)}, but the table has {stored!r}")


def _remainder(profile: Profile, side: HalfLine, sign: int, phi: Activation, factor: float) -> None:
    slope = abs(phi.slope_positive if sign > 0 else phi.slope_negative)
    name, bend = f"remainder of {profile.name}", phi.remainder
    if side.beyond is not None:
        _quadratic(side, sign, phi, factor, name)
        return
    if side.knee is not None:
        _saturated(side.knee, phi, factor, name)
        return
    if side.series is None:
        linear = sp.diff(side.expression, X)
        require(linear.is_number and bend.coefficient * factor >= 0, f"{name}: the side is not linear")
        return
    require(bend.coefficient > 0 and bend.radius == float("inf"), f"{name}: the table calls it linear or local")
    limit = bend.coefficient * factor
    # Beyond `far`, (T + |m|) |x| <= K |x|^q; the spare 1/64 covers the slope's last bit.
    far = Fraction(((phi.lipschitz + slope) / bend.coefficient) ** (1.0 / (bend.order - 1))) + NEAR
    require(Fraction(limit) * far ** (bend.order - 1) >= Fraction(phi.lipschitz) + Fraction(slope), f"{name}: tail")
    _bound_coefficient(side, sign, bend.order, limit, NEAR, name)
    _bound_ratio(side, sign, bend.order, limit, far, name)


def _saturated(knee: Fraction, phi: Activation, factor: float, name: str) -> None:
    """``t - r <= K t^3`` for all ``t >= 0``, where phi is ``t`` up to its knee r and constant beyond."""
    t, r = sp.symbols("t r", positive=True)
    gap = sp.expand(4 * t**3 - 27 * r**2 * (t - r) - (2 * t - 3 * r) ** 2 * (t + 3 * r))
    require(gap == 0 and phi.remainder.order == 3, f"{name}: no square, or another order")
    least = Fraction(4, 27) / knee**2
    require(Fraction(phi.remainder.coefficient) * Fraction(factor) >= least, f"{name}: K is below {float(least)}")


def _quadratic(side: HalfLine, sign: int, phi: Activation, factor: float, name: str) -> None:
    """``|c_2| <= K`` up to the knee; beyond it ``|s - m| |x| <= K x^2``, since ``|x|`` is at least the knee."""
    assert side.knee is not None
    assert side.beyond is not None
    end, limit = sign * side.knee, Fraction(phi.remainder.coefficient) * Fraction(factor)
    slope = Fraction(phi.slope_positive if sign > 0 else phi.slope_negative)
    meets = sp.simplify(side.expression.subs(X, _rational(end)) - _rational(side.beyond * end)) == 0
    require(meets and sp.diff(side.expression, X, 3) == 0 and phi.remainder.order == 2, f"{name}: another function")
    curve = sp.Abs(sp.diff(side.expression, X, 2)) / 2
    require(bool(curve <= _rational(limit)), f"{name}: K is below {curve}")
    require(abs(side.beyond - slope) <= limit * side.knee, f"{name}: K is too small beyond the knee")


def _rational(value: Fraction) -> sp.Expr:
    return sp.Rational(value.numerator, value.denominator)


def _bound_ratio(side: HalfLine, sign: int, order: int, limit: float, far: Fraction, name: str) -> None:
    """``|phi(x) - mu(x)| < limit |x|^order`` for ``NEAR <= sign x <= far``; the slope is the ball of phi's own."""
    series = side.series or _absent
    intercept, slope = taylor(series, 0)(ball(0)), taylor(series, 1)(ball(0))
    low, high = (NEAR, far) if sign > 0 else (-far, -NEAR)
    for turn in (1, -1):

        def room(s: arb_series, turn: int = turn) -> arb_series:
            size = sign * s
            return ball(limit) * _power(size, order) - turn * (series(s) - intercept - slope * s)

        prove_positive(taylor(room, 0), low, high, name)


def _power(s: arb_series, order: int) -> arb_series:
    return s * s if order == 2 else s * s * s


def _bound_coefficient(side: HalfLine, sign: int, order: int, limit: float, far: Fraction, name: str) -> None:
    """``|c_order| <= limit`` for ``0 <= sign x <= far``."""
    if side.beyond is not None:
        assert side.knee is not None
        slope = sp.diff(side.expression, X)  # linear up to the knee, so largest at an end
        ends = [slope.subs(X, 0), slope.subs(X, _rational(sign * side.knee)), _rational(side.beyond)]
        require(all(bool(sp.Abs(e) <= sp.Rational(*limit.as_integer_ratio())) for e in ends), f"{name} exceeds {limit}")
        return
    if side.series is None:
        size = sp.Abs(sp.diff(side.expression, X))
        require(bool(size <= sp.Rational(*limit.as_integer_ratio())), f"{name} = {size} exceeds {limit}")
        return
    begin = Fraction(0)
    if _falls_from_zero(side, sign, order):
        at_zero = sp.Abs(_at_zero(side, order))
        require(bool(at_zero <= sp.Rational(*limit.as_integer_ratio())), f"{name}: {at_zero} at 0 exceeds {limit}")
        begin = NEAR
    low, high = (begin, far) if sign > 0 else (-far, -begin)
    prove_bound(taylor(side.series, order), low, high, limit, name)


def _falls_from_zero(side: HalfLine, sign: int, order: int) -> bool:
    """Whether ``|c_order(x)| <= |c_order(0)|`` on the cell at 0."""
    assert side.series is not None
    value = _at_zero(side, order)
    if value == 0:
        return False
    near = cell(Fraction(0), sign * NEAR)
    rise = _sign(value) * sign
    if rise * taylor(side.series, order + 1)(near) < 0:
        return _keeps_sign(side, value, near, order)
    bends = _at_zero(side, order + 1) == 0 and _sign(value) * taylor(side.series, order + 2)(near) < 0
    return bends and _keeps_sign(side, value, near, order)


def _keeps_sign(side: HalfLine, value: sp.Expr, near: arb, order: int) -> bool:
    assert side.series is not None
    return bool(_sign(value) * taylor(side.series, order)(near) > 0)


def _sign(value: sp.Expr) -> int:
    return 1 if value > 0 else -1


def _at_zero(side: HalfLine, order: int) -> sp.Expr:
    return sp.simplify(sp.diff(side.expression, X, order).subs(X, 0) / sp.factorial(order))
