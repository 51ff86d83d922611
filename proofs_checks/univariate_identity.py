"""Sums of univariate neurons are linear maps (claim ``univariate-identity``).

With ``mu(x) = m_+ x + d`` for ``x >= 0`` and ``m_- x + d`` for ``x < 0``, and ``P = sum_{w>0} v w``, ``N = sum_{w<0}
v w`` over the chosen neurons, ``sum v mu(w x) = (m_+ P + m_- N) x + d sum v`` for ``x >= 0`` and ``(m_- P + m_+ N) x
+ d sum v`` for ``x < 0``. So it is ``theta x + d sum v`` for all x iff both equal theta: ``m (P + N) = theta`` where
the slopes agree, ``P = N = theta/(m_+ + m_-)`` where they differ. The rest of phi adds at most ``sum |v| K |w x|^q``.
"""

from collections.abc import Callable
from fractions import Fraction

import sympy as sp

from proofs_checks._activation_table import lipschitz_constants, minima, remainders, slopes_and_intercepts
from proofs_checks._check import ProofCheck, ProofStep, require
from sltk.networks.activations.table import activation

_rise, _fall, _p, _n, _theta, _d = sp.symbols("m_+ m_- P N theta d", real=True)


def _mu(x: sp.Expr, positive: bool) -> sp.Expr:
    return (_rise if positive else _fall) * x + _d


def _sum_of_neurons(fall_of_left: sp.Expr = _rise) -> bool:
    """Two neurons of each sign stand for any number: the sums P and N are linear in them."""
    x, a, b = sp.symbols("x a b", positive=True)
    v, u = sp.symbols("v u", real=True)
    right = v * _mu(a * x, True) + u * _mu(-b * x, False)
    left = v * _mu(-a * x, False) + u * (fall_of_left * (b * x) + _d)
    sums = {_p: v * a, _n: -u * b}
    expected_right = ((_rise * _p + _fall * _n) * x).subs(sums) + _d * (v + u)
    expected_left = (-(_fall * _p + _rise * _n) * x).subs(sums) + _d * (v + u)
    return sp.expand(right - expected_right) == 0 and sp.expand(left - expected_left) == 0


def _kinked_solution(divisor: Callable[[sp.Expr, sp.Expr], sp.Expr] = lambda rise, fall: rise + fall) -> bool:
    """Both equations have the one solution ``P = N = theta/(m_+ + m_-)``; their determinant is ``m_+^2 - m_-^2``."""
    equations = sp.Matrix([[_rise, _fall], [_fall, _rise]])
    share = _theta / divisor(_rise, _fall)
    solves = all(sp.simplify(row - _theta) == 0 for row in equations * sp.Matrix([share, share]))
    return solves and sp.expand(equations.det() - (_rise - _fall) * (_rise + _fall)) == 0


def _tolerances(share: Callable[[sp.Expr, sp.Expr], sp.Expr] = lambda rise, fall: sp.Abs(rise) + sp.Abs(fall)) -> bool:
    """Sums off by ``s``, ``t`` with ``|s|, |t| <= eps/(|m_+| + |m_-|)`` put the parameter off by at most eps.

    ``m_+ s + m_- t`` is linear, so its largest size is at a corner of the square, for both signs of the slopes.
    """
    eps, rise, fall = sp.symbols("eps r f", positive=True)
    for first in (rise, -rise):
        for second in (fall, -fall):
            limit = eps / share(first, second)
            corners = [first * limit * i + second * limit * j for i in (-1, 1) for j in (-1, 1)]
            if any(not sp.simplify(eps - corner).is_nonnegative for corner in corners):
                return False
    return True


def _one_sided(divisor: sp.Expr = _rise) -> bool:
    """On ``x >= 0`` with ``w > 0`` alone the sum ``P = theta/m_+`` suffices."""
    return sp.simplify(_rise * (_theta / divisor) - _theta) == 0


def _scaling(power: int = 1) -> bool:
    """``w = lambda w~``, ``v = v~/(lambda m)``: ``|v| K |w x|^q = |v~| K lambda^(q-1) |w~ x|^q / m``."""
    scale, m, v, w, x, bend, q = sp.symbols("lambda m v w x K q", positive=True)
    left = v / (scale * m) * bend * (scale * w * x) ** q
    right = v * bend * scale ** (q - power) * (w * x) ** q / m
    return sp.simplify(sp.powsimp(sp.expand_power_base(left / right, force=True), force=True) - 1) == 0


def _bias_units(tolerance_power: int = 1) -> bool:
    """``d (sum_S v + sum_B v) = b`` with ``v = v~/(lambda m)`` is ``sum_B v~ = lambda m b/d - sum_S v~``."""
    scale, m, chosen, b, eps = sp.symbols("lambda m s b eps", positive=True)
    target = scale * m * b / _d - chosen
    off = eps * (scale * m) ** tolerance_power / _d
    return sp.simplify(_d * (chosen + target + off) / (scale * m) - b - eps) == 0


def _absolute_value_is_refused(sign: int = -1) -> bool:
    """``m_+ + m_- = 0``: at ``P = N`` the slopes give 0 on both sides, so only theta = 0 can be met."""
    singular = sp.Matrix([[_rise, _fall], [_fall, _rise]]).subs(_fall, sign * _rise)
    return sp.expand(sum(singular * sp.Matrix([1, 1]))) == 0


def _families(share: Fraction = Fraction(1, 2)) -> bool:
    """elu(a) on the left is ``a`` times elu(1), so ``K = a/2`` and ``T = max(1, a)``; leaky_relu(a) has K = 0.

    hardtanh(-r, R) with ``r <= R`` has ``K = 4/(27 r^2)``.
    """
    for a in (0.0, 0.1, 0.5, 1.0, 1.7, 3.0):
        elu, leaky = activation(f"elu({a})"), activation(f"leaky_relu({a})")
        for phi, curve in ((elu, share * Fraction(a)), (leaky, Fraction(0))):
            found = phi.slope_negative, Fraction(phi.remainder.coefficient), phi.lipschitz
            require(found[0] == a and found[2] == max(1.0, a), f"{phi.name} has slope and T {found}")
            require(curve <= found[1] <= curve * (1 + Fraction(1, 10**12)), f"{phi.name} has K = {float(found[1])}")
    for low, high, knee in ((-1e-3, 0.2, 1e-3), (0.0, 0.7, 0.7), (-9.0, 0.0, 9.0), (-1.5, 1.1, 1.1)):
        found = Fraction(activation(f"hardtanh({low}, {high})").remainder.coefficient)
        least = Fraction(4, 27) / Fraction(knee) ** 2
        require(least <= found <= least * (1 + Fraction(1, 10**12)), f"hardtanh at {knee} has K = {float(found)}")
    scale, x = sp.symbols("a x", positive=True)
    return sp.expand(scale * (sp.exp(-x) - 1) + scale * x - scale * (sp.exp(-x) - 1 + x)) == 0


CHECK = ProofCheck(
    key="univariate-identity",
    steps=(
        ProofStep("sum of neurons on both half lines", _sum_of_neurons,
             {"left slope dropped": {"fall_of_left": sp.Integer(0)}}),
        ProofStep("kinked slopes: P = N = theta/(m_+ + m_-)", _kinked_solution,
             {"theta/m_+ instead": {"divisor": lambda rise, fall: rise}}),
        ProofStep("tolerance eps/(|m_+| + |m_-|) a sum", _tolerances,
             {"eps/max slope": {"share": lambda rise, fall: sp.Abs(rise)},
              "signed slopes": {"share": lambda rise, fall: rise + 2 * fall}}),
        ProofStep("x >= 0: P = theta/m_+", _one_sided, {"theta/(m_+ + m_-) instead": {"divisor": _rise + _fall}}),
        ProofStep("remainder under lambda", _scaling, {"lambda^q": {"power": 0}}),
        ProofStep("bias in units of its summands", _bias_units, {"tolerance without lambda m": {"tolerance_power": 0}}),
        ProofStep("m_+ + m_- = 0 builds no linear map", _absolute_value_is_refused, {"m_+ = m_-": {"sign": 1}}),
        ProofStep("table: slopes and intercepts", slopes_and_intercepts,
             {"slopes off by 1e-9": {"slope_factor": 1 + 1e-9}, "intercepts off by 1e-9": {"intercept_shift": 1e-9}}),
        ProofStep("table: Lipschitz constants over R", lipschitz_constants, {"0.1% less": {"factor": 0.999}}),
        ProofStep("table: remainders K |x|^q over R", remainders,
             {"1% less": {"factor": 0.99}, "mish, 0.1% less": {"factor": 0.999, "name": "mish"},
              "hardtanh, 0.1% less": {"factor": 0.999, "name": "hardtanh(-1.0, 1.0)"},
              "hardswish, 0.1% less": {"factor": 0.999, "name": "hardswish"},
              "gelu_tanh, 0.1% less": {"factor": 0.999, "name": "gelu_tanh"}}),
        ProofStep("table: families for every parameter", _families, {"K = a/3": {"share": Fraction(1, 3)}}),
        ProofStep("table: the only minimum of gelu, by tanh too, silu, mish", minima,
             {"off by 1e-5": {"shift": 1e-5}}),
    ),
    covers="The identity, its one-sided, kinked and scaled forms with their tolerances, and every constant of the "
    "activation table for all real x (slopes in closed form; the stored doubles are within an ulp of them).",
)  # fmt: skip
