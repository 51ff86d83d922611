"""Uniform laws inside other laws (claim ``uniform-containment``).

A density at least p0 on ``|x| <= L`` is a mixture with the weight ``2 p0 L = 2 c`` on U[-L, L], so a pool of n holds
Bin(n, 2 c) uniform samples. For the product of two U[-1,1], with density ``-ln|u|/2``: on ``|u| <= 1/2`` the weight is
``(ln 2)/2 = .347``; ``c = L p(L)`` is largest at ``L = 1/e``, ``c = 1/(2e)``. For N(0, 1): ``L = 1``, ``c = .242``.
Targets up to Z: every sample of [1/2, 1] brings a target above 1/2 down by at least 1/2 and not below -1/2.
"""

from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball, prove_positive
from proofs_checks._sample import agrees, follows, generator
from sltk.subset_sum.laws import Masked, Normal, Product, Uniform

_u, _x = sp.symbols("u x", positive=True)
_DENSITY = -sp.log(_u) / 2
_QUARTER, _WEIGHT, _LENGTH = sp.Rational(1, 4), sp.log(2) / 2, sp.exp(-1)


def _product_density(factor: sp.Expr = _QUARTER) -> bool:
    """``2 int_u^1 (1/2)(1/2) dx/x = -ln(u)/2``, and it has mass 1."""
    density = 2 * sp.integrate(factor / _x, (_x, _u, 1))
    mass = 2 * sp.integrate(density, (_u, 0, 1))
    return sp.simplify(density - _DENSITY) == 0 and sp.simplify(mass - 1) == 0


def _product_draws(power: float = 1.0) -> bool:
    values = Product(Uniform(1.0), Uniform(1.0)).sample(generator("product-draws"), 200_000)
    return follows(np.sign(values) * np.abs(values) ** power, lambda x: 0.5 + 0.5 * (x - x * np.log(np.abs(x))))


def _weights(product: sp.Expr = _WEIGHT, half_width: sp.Expr = sp.S.Half) -> bool:
    """The density falls, so its least value on ``|u| <= h`` is at h, and the weight is ``2 h p(h)``."""
    falls = sp.diff(_DENSITY, _u).is_negative
    return bool(falls) and sp.simplify(2 * half_width * _DENSITY.subs(_u, half_width) - product) == 0


def _best_lengths(length: sp.Expr = _LENGTH) -> bool:
    """``L p(L)`` is stationary at ``1/e`` (product) and at 1 (normal), concave or with one sign change."""
    product = _u * _DENSITY
    normal = _u * sp.exp(-(_u**2) / 2) / sp.sqrt(2 * sp.pi)
    flat = sp.simplify(sp.diff(product, _u).subs(_u, length)) == 0 and sp.diff(product, _u, 2).is_negative
    slope = sp.simplify(sp.diff(normal, _u) / (sp.exp(-(_u**2) / 2) / sp.sqrt(2 * sp.pi)))
    return bool(flat) and sp.expand(slope - (1 - _u**2)) == 0


def _constants(product: str = "0.18394", normal: str = "0.24197") -> bool:
    """The toolkit's constants to five digits, by balls: uniform, product, half of it, normal, masked."""
    exact = 1 / (2 * ball(1).exp()), (ball(-1) / 2).exp() / (2 * ball(1).pi()).sqrt()
    stored = Product(Uniform(1.0), Uniform(1.0)).constants().c, Normal(1.0).constants().c
    for value, digits, c in zip(exact, (product, normal), stored, strict=True):
        require(bool(abs(value - ball(digits)) < ball("0.000005")), f"{value.str(8)} is not {digits}")
        require(bool(abs(value - ball(c)) < ball("1e-15")), f"the toolkit has {c}")
    thinned = Masked(Uniform(1.0), 0.25).constants()
    return Uniform(1.0).constants().c == 0.5 and thinned.c == 0.125


def _mixture(weight: float = 0.34657, trials: int = 400_000) -> bool:
    """What is left of ``|u| <= 1/2`` after the uniform part: ``P(|u| <= 1/2) - weight``, nonnegative density, drawn."""
    prove_positive(lambda u: -u.log() / 2 - ball(weight), "1/1000000", Fraction(499_999, 1_000_000), "density - weight")
    draws = Product(Uniform(1.0), Uniform(1.0)).sample(generator("containment"), trials)
    inside = 0.5 * (1.0 - np.log(0.5))
    return agrees(int(np.count_nonzero(np.abs(draws) <= 0.5)), trials, inside)


def _larger_targets(least: Fraction = Fraction(1, 2)) -> bool:
    """``ceil(2Z - 1)`` samples of [1/2, 1] bring any z in (1/2, Z] into the window; the slowest are all 1/2."""
    for quarters in range(3, 41):
        size = Fraction(quarters, 4)
        samples = -((1 - 2 * size) // 1)
        require(size - samples * least <= Fraction(1, 2), f"Z = {size}: {samples} samples do not suffice")
    return Fraction(1, 2) - 1 >= -Fraction(1, 2)


def _further_draws(base: Fraction = Fraction(3, 4)) -> bool:
    """Z = 1.

    ``m = ceil(ln(2/delta)/ln(4/3))`` draws miss [1/2, 1] or its mirror with probability ``2 (3/4)^m <= delta``.
    """
    for delta in (Fraction(1, 2), Fraction(1, 20), Fraction(1, 1000), Fraction(1, 10**6)):
        m = next(k for k in range(200) if bool((ball(4) / 3).log() * k >= (2 / ball(delta)).log()))
        require(2 * base**m <= delta, f"delta = {delta}")
    return True


CHECK = ProofCheck(
    key="uniform-containment",
    steps=(
        ProofStep("density of the product", _product_density, {"factor 1/2": {"factor": sp.Rational(1, 2)}}),
        ProofStep("drawn products", _product_draws, {"|u|^1.2": {"power": 1.2}}),
        ProofStep("weight (ln 2)/2 of U[-1/2,1/2]", _weights, {"weight 1/2": {"product": sp.Rational(1, 2)}}),
        ProofStep("best L: 1/e and 1", _best_lengths, {"L = 1/2": {"length": sp.Rational(1, 2)}}),
        ProofStep("constants of the toolkit's laws", _constants,
             {"product .25": {"product": "0.25"}, "normal .399": {"normal": "0.39894"}}),
        ProofStep("the rest is a law, and drawn counts fit", _mixture, {"weight .35": {"weight": 0.35}}),
        ProofStep("targets up to Z", _larger_targets, {"samples from 2/5": {"least": Fraction(2, 5)}}),
        ProofStep("further draws for Z = 1", _further_draws, {"4/5 for 3/4": {"base": Fraction(4, 5)}}),
    ),
    covers="Densities, weights, best constants and the reduction of larger targets; draws by exact tests, "
    "false alarm 1e-9 each.",
)  # fmt: skip
