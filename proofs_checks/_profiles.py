"""Activations a second time, from their definitions alone: exact expressions, power series, and tails of phi'.

A side is phi on x >= 0 or on x <= 0. Its tail is a bound of ``|phi'|`` beyond ``|x| >= A``, elementary in every case:
``1 - tanh(u)^2 <= 4 e^{-2u}``, ``s (1 - s) <= e^{-|x|}`` for the logistic s, ``tanh(u) <= u``, and that ``x e^{-x}``
and ``x e^{-x^2/2}`` fall from ``x = 1`` on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb, arb_series

from proofs_checks._interval import ball
from sltk.networks.activations.table import activation

X = sp.Symbol("x", real=True)
Series = Callable[[arb_series], arb_series]
Tail = Callable[[arb], arb]


@dataclass(frozen=True)
class HalfLine:
    """phi on one side of 0; ``series`` and ``tail`` are ``None`` where it is linear, up to the ``knee`` if it has one.

    Beyond its knee phi is constant, or ``beyond x`` where that is given; up to there it is then a quadratic polynomial.
    """

    expression: sp.Expr
    series: Series | None = None
    tail: Tail | None = None
    knee: Fraction | None = None
    beyond: Fraction | None = None


@dataclass(frozen=True)
class Profile:
    """Both sides of an activation of the table."""

    name: str
    right: HalfLine
    left: HalfLine


def _exact(value: float) -> sp.Expr:
    return sp.Rational(*value.as_integer_ratio())


def _linear(slope: float) -> HalfLine:
    return HalfLine(_exact(slope) * X)


def _clipped(knee: float) -> HalfLine:
    """``x`` up to the knee."""
    return HalfLine(X, knee=Fraction(knee))


def _smooth(name: str, expression: sp.Expr, series: Series, right: Tail, left: Tail | None = None) -> Profile:
    return Profile(name, HalfLine(expression, series, right), HalfLine(expression, series, left or right))


def _logistic(s: arb_series) -> arb_series:
    return 1 / (1 + (-s).exp())


def _tanh(s: arb_series) -> arb_series:
    return 2 * _logistic(2 * s) - 1


def _mish(s: arb_series) -> arb_series:
    square = (1 + s.exp()) * (1 + s.exp())
    return s * ((square - 1) / (square + 1))


def _gelu(s: arb_series) -> arb_series:
    return s * (1 + (s / ball(2).sqrt()).erf()) / 2


def _gelu_tanh(s: arb_series) -> arb_series:
    return s * (1 + _tanh((2 / arb.pi()).sqrt() * (s + _CUBIC_BALL * s * s * s))) / 2


def _gelu_tanh_tail(a: arb) -> arb:
    """``1 + (a/2) u' sech^2 u`` with ``sech^2 u <= 4 e^{-2u}``."""
    c = (2 / arb.pi()).sqrt()
    return 1 + 2 * a * c * (1 + 3 * _CUBIC_BALL * a * a) * (-2 * c * (a + _CUBIC_BALL * a * a * a)).exp()


def _density(a: arb) -> arb:
    return (-a * a / 2).exp() / (2 * arb.pi()).sqrt()


def _exponential(scale: float, rise: float) -> HalfLine:
    """``scale rise (e^x - 1)`` on the left."""
    height = _exact(scale) * _exact(rise)
    factor = ball(scale) * ball(rise)
    return HalfLine(height * (sp.exp(X) - 1), lambda s: factor * (s.exp() - 1), lambda a: factor * (-a).exp())


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_STEEP = 2 / sp.sqrt(sp.pi)
_CUBIC = sp.Rational(44715, 1_000_000)
_CUBIC_BALL = ball(Fraction(44715, 1_000_000))
_HARDSWISH = X**2 / 6 + X / 2

PROFILES = (
    Profile("identity", _linear(1.0), _linear(1.0)),
    Profile("relu", _linear(1.0), _linear(0.0)),
    Profile("leaky_relu(0.01)", _linear(1.0), _linear(0.01)),
    Profile("leaky_relu(0.3)", _linear(1.0), _linear(0.3)),
    _smooth("tanh", sp.tanh(X), _tanh, lambda a: 4 * (-2 * a).exp()),
    _smooth("sigmoid", 1 / (1 + sp.exp(-X)), _logistic, lambda a: (-a).exp()),
    _smooth("softplus", sp.log(1 + sp.exp(X)), lambda s: (1 + s.exp()).log(), lambda a: arb(1)),
    _smooth("gelu", X * (1 + sp.erf(X / sp.sqrt(2))) / 2, _gelu, lambda a: 1 + a * _density(a)),
    _smooth("gelu_tanh", X * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (X + _CUBIC * X**3))) / 2, _gelu_tanh, _gelu_tanh_tail),
    Profile("hardswish", HalfLine(_HARDSWISH, knee=Fraction(3), beyond=Fraction(1)),
            HalfLine(_HARDSWISH, knee=Fraction(3), beyond=Fraction(0))),
    Profile("prelu(0.25)", _linear(1.0), _linear(0.25)),
    Profile("prelu(-0.5)", _linear(1.0), _linear(-0.5)),
    _smooth("silu", X / (1 + sp.exp(-X)), lambda s: s * _logistic(s), lambda a: 1 + a * (-a).exp()),
    _smooth("mish", X * ((1 + sp.exp(X)) ** 2 - 1) / ((1 + sp.exp(X)) ** 2 + 1), _mish,
            lambda a: 1 + 4 * a * (-2 * a).exp(), lambda a: (1 + a) * (-a).exp()),
    Profile("softsign", HalfLine(X / (1 + X), lambda s: s / (1 + s), lambda a: 1 / (1 + a) ** 2),
            HalfLine(X / (1 - X), lambda s: s / (1 - s), lambda a: 1 / (1 + a) ** 2)),
    _smooth("erf", sp.erf(X), lambda s: s.erf(), lambda a: 2 * (-a * a).exp() / arb.pi().sqrt()),
    Profile("selu", _linear(_SELU_SCALE), _exponential(_SELU_SCALE, _SELU_ALPHA)),
    Profile("elu(1.0)", _linear(1.0), _exponential(1.0, 1.0)),
    Profile("elu(0.5)", _linear(1.0), _exponential(1.0, 0.5)),
    Profile("elu(2.0)", _linear(1.0), _exponential(1.0, 2.0)),
    Profile("hardtanh(-1.0, 1.0)", _clipped(1.0), _clipped(1.0)),
    Profile("hardtanh(-0.1, 2.5)", _clipped(2.5), _clipped(0.1)),
    Profile("hardtanh(-3.0, 0.0)", _linear(0.0), _clipped(3.0)),
    Profile("relu6", _clipped(6.0), _linear(0.0)),
)  # fmt: skip


def complete() -> bool:
    """Whether every activation of the table has a profile, under the name that the table gives it."""
    from sltk.networks.activations.table import TABLE

    seen = {activation(profile.name).name.partition("(")[0] for profile in PROFILES}
    return seen == set(TABLE)
