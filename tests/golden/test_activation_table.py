"""The constants of every activation in the table, against 60-digit arithmetic and interval branch and bound.

``mpmath`` supplies functions and derivatives that share nothing with torch. Everything is shown to fail for constants
that are 2% too small.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from mpmath import iv, mp, mpf
from mpmath.ctx_iv import ivmpf

from sltk.networks.activations.activation import Activation
from sltk.networks.activations.table import TABLE, activation

DIGITS = 60
NAMES = [name for name in TABLE if name != "elu"]
NAMES += ["elu(1.0)", "elu(0.4)", "elu(2.5)", "leaky_relu(0.2)", "hardtanh(-0.5, 2.0)", "prelu(-0.5)", "prelu(1.5)"]
with mp.workdps(DIGITS):
    SELU_SCALE, SELU_ALPHA = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    """The precision of this file, whatever another one left; and not for another one."""
    with mp.workdps(DIGITS):
        yield


def elu(alpha: mpf) -> Callable[[mpf], mpf]:
    return lambda x: x if x >= 0 else alpha * mp.expm1(x)


def leaky(slope: str | float) -> Callable[[mpf], mpf]:
    return lambda x: x if x >= 0 else mpf(slope) * x


def clipped(low: float, high: float) -> Callable[[mpf], mpf]:
    return lambda x: min(max(x, mpf(low)), mpf(high))


def gelu_by_tanh(x: mpf) -> mpf:
    """``(1 + tanh u)/2`` as ``1/(1 + exp(-2 u))``, which cancels nowhere."""
    return x / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)))


EXACT: dict[str, Callable[[mpf], mpf]] = {
    "identity": lambda x: x,
    "relu": lambda x: max(x, mpf(0)),
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "selu": lambda x: SELU_SCALE * elu(SELU_ALPHA)(x),
    "mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "softsign": lambda x: x / (1 + abs(x)),
    "erf": mp.erf,
    "leaky_relu": leaky(0.01),
    "leaky_relu(0.2)": leaky(0.2),
    "elu(1.0)": elu(mpf(1)),
    "elu(0.4)": elu(mpf(0.4)),
    "elu(2.5)": elu(mpf(2.5)),
    "hardtanh": clipped(-1, 1),
    "hardtanh(-0.5, 2.0)": clipped(-0.5, 2),
    "relu6": clipped(0, 6),
    "prelu": leaky(0.25),
    "prelu(-0.5)": leaky(-0.5),
    "prelu(1.5)": leaky(1.5),
    "hardswish": lambda x: x * clipped(0, 6)(x + 3) / 6,
    "gelu_tanh": gelu_by_tanh,
}
# m_+, m_-, d in closed form, T and K as the literature gives them (rounded), q.
TABULATED = {
    "tanh": (1, 1, 0, 1, 1 / 3, 3),
    "sigmoid": (0.25, 0.25, 0.5, 0.25, 1 / 48, 3),
    "softplus": (0.5, 0.5, math.log(2), 1, 1 / 8, 2),
    "gelu": (0.5, 0.5, 0, 1.129, 0.399, 2),
    "silu": (0.5, 0.5, 0, 1.1, 0.25, 2),
    "elu(1.0)": (1, 1, 0, 1, 0.5, 2),
    "selu": (1.0507, 1.7581, 0, 1.7581, 0.88, 2),
    "mish": (0.6, 0.6, 0, 1.089, 0.322, 2),
    "softsign": (1, 1, 0, 1, 1, 2),
    "erf": (1.128, 1.128, 0, 1.128, 0.3762, 3),
    "relu": (1, 0, 0, 1, 0, 2),
    "leaky_relu(0.2)": (1, 0.2, 0, 1, 0, 2),
    "hardtanh": (1, 1, 0, 1, 4 / 27, 3),
    "hardtanh(-0.5, 2.0)": (1, 1, 0, 1, 16 / 27, 3),
    "relu6": (1, 0, 0, 1, 1 / 243, 3),
    "prelu": (1, 0.25, 0, 1, 0, 2),
    "prelu(-0.5)": (1, -0.5, 0, 1, 0, 2),
    "prelu(1.5)": (1, 1.5, 0, 1.5, 0, 2),
    "hardswish": (0.5, 0.5, 0, 1.5, 1 / 6, 2),
    "gelu_tanh": (0.5, 0.5, 0, 1.129, 0.399, 2),
}


def grid(low: float, high: float, count: int) -> list[mpf]:
    """``count + 1`` equidistant points, and powers of two towards 0 inside."""
    even = [mpf(low) + (mpf(high) - low) * k / count for k in range(count + 1)]
    tiny = [sign * mpf(2) ** -k for k in range(3, 60) for sign in (-1, 1)]
    return even + [x for x in tiny if low <= x <= high]


def exact_slopes(name: str) -> tuple[mpf, mpf]:
    """One-sided derivatives at 0, by a difference quotient of 60 digits."""
    phi, h = EXACT[name], mpf(10) ** -25
    return (phi(h) - phi(mpf(0))) / h, (phi(mpf(0)) - phi(-h)) / h


def remainder_holds(name: str, coefficient: float, order: int) -> bool:
    """``|phi(x) - mu(x)| <= K |x|^q`` on a dense grid of [-16, 16] and beyond; slopes and intercept are exact here."""
    phi, right, left = EXACT[name], *closed_slopes(name)
    intercept = phi(mpf(0))
    points = grid(-16, 16, 3200) + grid(-200, 200, 100)
    slack = mpf(10) ** -50  # of 60 digits
    return all(
        abs(phi(x) - (right if x >= 0 else left) * x - intercept) <= mpf(coefficient) * abs(x) ** order + slack
        for x in points
    )


def closed_slopes(name: str) -> tuple[mpf, mpf]:
    """``m_+`` and ``m_-`` to 60 digits: the table's float64 number is only the nearest to them."""
    if name == "erf":
        return 2 / mp.sqrt(mp.pi), 2 / mp.sqrt(mp.pi)
    if name == "selu":
        return SELU_SCALE, SELU_SCALE * SELU_ALPHA
    if name == "mish":
        return mpf(3) / 5, mpf(3) / 5
    phi = activation(name)
    return mpf(phi.slope_positive), mpf(phi.slope_negative)


def lipschitz_holds(name: str, lipschitz: float) -> bool:
    """``|phi(x) - phi(y)| <= T |x - y|`` for neighbours of dense grids."""
    phi = EXACT[name]
    values = [(x, phi(x)) for x in sorted(grid(-8, 8, 3200))]
    pairs = pairwise(values)
    return all(abs(b - a) <= mpf(lipschitz) * (y - x) * (1 + mpf(10) ** -40) for (x, a), (y, b) in pairs)


@pytest.mark.parametrize("name", NAMES)
def test_slopes_and_intercept_are_the_nearest_floats(name: str) -> None:
    phi = activation(name)
    for mine, closed, quotient in zip(
        (phi.slope_positive, phi.slope_negative), closed_slopes(name), exact_slopes(name), strict=True
    ):
        assert abs(closed - quotient) < mpf(10) ** -20
        assert abs(mpf(mine) - closed) <= mpf(2) ** -52 * abs(closed)
    assert abs(mpf(phi.intercept) - EXACT[name](mpf(0))) <= mpf(2) ** -53


@pytest.mark.parametrize("name", NAMES)
def test_remainder_on_a_dense_grid(name: str) -> None:
    remainder = activation(name).remainder
    assert remainder.radius == math.inf
    assert remainder_holds(name, remainder.coefficient, remainder.order)
    if remainder.coefficient > 0:
        assert not remainder_holds(name, 0.98 * remainder.coefficient, remainder.order)  # negative control


@pytest.mark.parametrize("name", NAMES)
def test_lipschitz_on_a_dense_grid(name: str) -> None:
    lipschitz = activation(name).lipschitz
    assert lipschitz_holds(name, lipschitz)
    assert not lipschitz_holds(name, 0.98 * lipschitz)  # negative control


@pytest.mark.parametrize("name", TABULATED)
def test_agrees_with_the_published_table(name: str) -> None:
    phi = activation(name)
    right, left, intercept, lipschitz, coefficient, order = TABULATED[name]
    mine = (phi.slope_positive, phi.slope_negative, phi.intercept, phi.lipschitz, phi.remainder.coefficient)
    assert mine == pytest.approx((right, left, intercept, lipschitz, coefficient), rel=2e-3)
    assert phi.remainder.order == order


# Branch and bound: enclosures of a function on intervals prove a bound on all of [-8, 8], not on a grid alone.


def logistic(x: ivmpf) -> ivmpf:
    return 1 / (1 + iv.exp(-x))


def gate(x: ivmpf) -> ivmpf:
    """``tanh(log(1 + exp x))``, written so that x appears once."""
    return 1 - 2 / ((1 + iv.exp(x)) ** 2 + 1)


def gate_slope(x: ivmpf) -> ivmpf:
    one = 1 + iv.exp(x)
    return 4 * one * iv.exp(x) / (one**2 + 1) ** 2


def gate_curvature(x: ivmpf) -> ivmpf:
    e = iv.exp(x)
    return 4 * e * (e + 1) / ((1 + e) ** 2 + 1) ** 2 * ((1 + 2 * e) / (1 + e) - 4 * e * (1 + e) / ((1 + e) ** 2 + 1))


def normal_density(x: ivmpf) -> ivmpf:
    return iv.exp(-(x**2) / 2) / iv.sqrt(2 * iv.pi)


def normal_law(x: ivmpf) -> ivmpf:
    """The normal distribution function grows, so its ends enclose it; 1e-40 covers mpmath's own rounding."""
    return iv.mpf([mp.ncdf(mpf(x.a.a)) - mpf(10) ** -40, mp.ncdf(mpf(x.b.b)) + mpf(10) ** -40])


def gelu_tanh_slope(x: ivmpf) -> ivmpf:
    c, a = iv.sqrt(2 / iv.pi), iv.mpf("0.044715")
    u = c * x * (1 + a * x**2)
    gate = logistic(2 * u)  # (1 + tanh u) / 2
    return gate + 2 * x * c * (1 + 3 * a * x**2) * gate * logistic(-2 * u)


DERIVATIVES: dict[str, Callable[[ivmpf], ivmpf]] = {
    "gelu": lambda x: normal_law(x) + x * normal_density(x),
    "silu": lambda x: logistic(x) * (1 + x * logistic(-x)),
    "mish": lambda x: gate(x) + x * gate_slope(x),
    "gelu_tanh": gelu_tanh_slope,
}


def bounded(enclosure: Callable[[ivmpf], ivmpf], bound: float, low: float, high: float, least: float = 1e-9) -> bool:
    """Whether subdivision down to intervals of width ``least`` proves ``|f| <= bound`` on ``[low, high]``."""
    todo = [(low, high)]
    while todo:
        a, b = todo.pop()
        image = enclosure(iv.mpf([a, b]))
        if -bound <= image.a and image.b <= bound:
            continue
        if b - a < least:
            return False
        todo += [(a, (a + b) / 2), ((a + b) / 2, b)]
    return True


@pytest.mark.parametrize("name", DERIVATIVES)
def test_lipschitz_by_branch_and_bound(name: str) -> None:
    lipschitz = activation(name).lipschitz
    assert bounded(DERIVATIVES[name], lipschitz, -12.0, 12.0)
    assert not bounded(DERIVATIVES[name], 0.98 * lipschitz, -12.0, 12.0)  # negative control


def mish_quotient(x: ivmpf) -> ivmpf:
    return (gate(x) - iv.mpf(3) / 5) / x


def mish_near_zero(x: ivmpf) -> ivmpf:
    """``(gate(x) - gate(0)) / x`` is a mean of ``gate'`` between 0 and x."""
    hull = iv.mpf([min(x.a, 0), max(x.b, 0)])
    return gate_slope(iv.mpf(0)) + gate_curvature(hull) * x / 2


def test_mish_remainder_by_branch_and_bound() -> None:
    """``|mish(x) - .6 x| / x^2 = |gate(x) - .6| / |x|``: near 0 by Taylor, then directly, beyond 8 by ``.6/8``."""
    coefficient = activation("mish").remainder.coefficient

    def proved(bound: float) -> bool:
        edge = 2.0**-7
        near = bounded(mish_near_zero, bound, -edge, edge)
        return near and all(bounded(mish_quotient, bound, a, b) for a, b in ((-8.0, -edge), (edge, 8.0)))

    assert proved(coefficient)
    assert not proved(0.98 * coefficient)  # negative control
    assert coefficient > 0.6 / 8  # |gate - .6| <= .6 everywhere


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "gelu_tanh", "hardswish", "prelu(-0.5)"])
def test_minimum_is_where_it_says(name: str) -> None:
    phi = activation(name)
    assert phi.minimum is not None
    place = mpf(phi.minimum)
    here, step = EXACT[name](place), mpf(10) ** -12
    assert EXACT[name](place - step) > here < EXACT[name](place + step)
    falls = [EXACT[name](x) for x in grid(-30, phi.minimum, 2000)[:2001]]
    rises = [EXACT[name](x) for x in grid(phi.minimum, 30, 2000)[:2001]]
    assert all(a >= b for a, b in pairwise(falls))
    assert all(a <= b for a, b in pairwise(rises))


def test_a_wrong_slope_is_seen() -> None:
    """Negative control: the checks of this file read the table, so a corrupted row must not pass them."""
    honest = activation("mish")
    wrong: Activation = replace(honest, slope_positive=0.6001)
    assert abs(mpf(wrong.slope_positive) - closed_slopes("mish")[0]) > mpf(2) ** -52
