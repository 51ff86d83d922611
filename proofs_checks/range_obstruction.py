"""What the positive samples can add up to (claim ``range-obstruction``).

The number K of positive samples of n from U[-1,1] is Bin(n, 1/2), their sizes are uniform, and a sum of k uniforms is
below ``t <= 1`` with probability ``t^k/k!``. So ``P(sum x^+ < t) = 2^-n sum_k C(n, k) t^k/k! = 2^-n L_n(-t)``, L_n
the Laguerre polynomial; beyond 1 the Irwin-Hall law takes the place of ``t^k/k!``.
"""

import math
from fractions import Fraction

import numpy as np
import sympy as sp
from flint import arb

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball
from proofs_checks._sample import agrees, generator
from sltk.subset_sum.laws import Uniform
from sltk.subset_sum.probability import range_obstruction

_t, _x = sp.symbols("t x", positive=True)


def irwin_hall_pieces(k: int) -> list[sp.Poly]:
    """cdf of a sum of k uniforms on each ``[j, j + 1]``, by integrating ``F_k(x) = int_{x-1}^{x} F_{k-1}``."""
    pieces = [sp.Poly(_x, _x)]
    for order in range(2, k + 1):
        pieces = _convolved(pieces, order)
    return pieces


def _convolved(pieces: list[sp.Poly], order: int) -> list[sp.Poly]:
    """One more uniform: on ``[j, j + 1]`` the integral has a part in cell j - 1 and a part in cell j."""
    zero, one = sp.Poly(0, _x), sp.Poly(1, _x)
    cells = [zero, *pieces, one]  # cell j sits at j + 1
    result = []
    for j in range(order):
        left, right = cells[j].integrate(_x), cells[j + 1].integrate(_x)
        lower = sp.Poly(left.eval(j), _x) - left.compose(sp.Poly(_x - 1, _x))
        result.append(lower + right - sp.Poly(right.eval(j), _x))
    return result


def _irwin_hall(sign: int = -1, most: int = 7) -> bool:
    """Inclusion and exclusion, ``sum_j (-1)^j C(k, j) (x - j)^k/k!``, against repeated integration, as polynomials."""
    for k in range(1, most):
        for j, piece in enumerate(irwin_hall_pieces(k)):
            terms = sum(sign**i * sp.binomial(k, i) * (_x - i) ** k for i in range(j + 1)) / sp.factorial(k)
            require(sp.expand(piece.as_expr() - terms) == 0, f"k = {k} on [{j}, {j + 1}]")
    return True


def _laguerre_recurrence(shift: int = 1) -> bool:
    """``(n+1) L_{n+1} = (2n + 1 + t) L_n - n L_{n-1}`` for the coefficients ``C(n,k)/k!``, all n and k."""
    n, k = sp.symbols("n k", integer=True, positive=True)

    def a(m: sp.Expr, j: sp.Expr) -> sp.Expr:
        return sp.binomial(m, j) / sp.factorial(j)

    row = (n + 1) * a(n + 1, k) - (2 * n + shift) * a(n, k) - a(n, k - 1) + n * a(n - 1, k)
    return sp.simplify(sp.gammasimp(sp.combsimp(row / a(n, k)))) == 0


def _laguerre_values(sign: int = -1) -> bool:
    """The sum is sympy's ``L_n(-t)`` for n up to 12."""
    for n in range(13):
        total = sum(sp.binomial(n, k) * _t**k / sp.factorial(k) for k in range(n + 1))
        require(sp.expand(total - sp.laguerre(n, sign * _t)) == 0, f"n = {n}")
    return True


def _product_code(share: Fraction = Fraction(1, 2)) -> bool:
    """`sltk.subset_sum.probability.range_obstruction` is the sum over pieces, in rationals, on both sides of t = 1."""
    for n, t in ((3, Fraction(1, 2)), (5, Fraction(3, 4)), (5, Fraction(3, 2)), (6, Fraction(13, 4)), (4, Fraction(5))):
        total = share**n + sum(math.comb(n, k) * share**n * _below(k, t) for k in range(1, n + 1))
        found = Fraction(range_obstruction(n, float(t), Uniform(1.0)))
        require(abs(found - total) <= total / 2**52, f"n = {n}, t = {t}: {float(found)} against {float(total)}")
    return True


def _below(k: int, t: Fraction) -> Fraction:
    if t >= k:
        return Fraction(1)
    value = irwin_hall_pieces(k)[math.floor(t)].as_expr().subs(_x, sp.Rational(t.numerator, t.denominator))
    return Fraction(str(value))


def _draws(t: float = 0.7, trials: int = 400_000) -> bool:
    """Pools whose positive samples stay below .7, counted, against the formula."""
    pools = Uniform(1.0).sample(generator("range-obstruction"), (trials, 8))
    count = int(np.count_nonzero(np.maximum(pools, 0.0).sum(axis=1) < t))
    return agrees(count, trials, range_obstruction(8, 0.7, Uniform(1.0)))


def _growth(power: Fraction = Fraction(1, 4)) -> bool:
    """``L_n(-t) = e^(-t/2) (t n)^(-1/4) e^(2 sqrt(t n)) (1 + r)/(2 sqrt(pi))``, ``|r| < 4/sqrt(n)``, at t = 1/2."""
    t = ball(Fraction(1, 2))
    for n in (100, 400, 1600, 6400):
        total, term = ball(0), ball(1)
        for k in range(n + 1):
            total += term
            term = term * (n - k) * t / (k + 1) ** 2
        shape = (-t / 2).exp() / (2 * arb.pi().sqrt()) * (t * n) ** -ball(power) * (2 * (t * n).sqrt()).exp()
        require(bool(abs(total / shape - 1) < 4 / ball(n).sqrt()), f"n = {n}: ratio {(total / shape).str(6)}")
    return True


CHECK = ProofCheck(
    key="range-obstruction",
    steps=(
        ProofStep("Irwin-Hall law by two routes", _irwin_hall, {"no alternating sign": {"sign": 1}}),
        ProofStep("Laguerre's recurrence for all n and k", _laguerre_recurrence, {"2n + 2 for 2n + 1": {"shift": 2}}),
        ProofStep("L_n(-t) for n <= 12", _laguerre_values, {"L_n(t)": {"sign": 1}}),
        ProofStep(
            "the toolkit's value in exact rationals", _product_code, {"weights .49": {"share": Fraction(49, 100)}}
        ),
        ProofStep("drawn pools", _draws, {"t = .74": {"t": 0.74}}),
        ProofStep("growth at n = 100 .. 6400", _growth, {"(nt)^(-1/2)": {"power": Fraction(1, 2)}}),
    ),
    covers="The formula on both sides of t = 1, its Laguerre form, the toolkit's function, and draws (exact test, "
    "false alarm 1e-9). The growth is checked at four n with t = 1/2.",
    trusts=("the asymptotic form for every n and t (Perron's formula)",),
)
