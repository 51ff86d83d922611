r"""Another program for the certified sizes (``sltk.subset_sum.widths.width_certificate`` and its second-moment twin).

Value iteration, checked in full. The other program builds concave envelopes as hulls of vertices; here nothing is
built. For every state and step, any line ``alpha - beta v`` with ``beta >= 0`` above the step function proves
``E B(v') <= alpha - beta E v'``. A few slopes are tried and the least value kept; all numbers are integers, rounded
up, on a grid of its own. Gains are exact rationals or interval arithmetic (mpmath.iv), not double precision.

Second moments, checked in part: the bins and their weights, table entries against exact rational integrals of
piecewise polynomials, all moments of a small pool for weights that depend on the rest of it, and the hand-over of every
stored certificate for uniform samples, in exact rationals or, where it is iterated, plane by plane. On trust: the
rounding of the remaining entries (an a-priori bound), the sum over strata. Tests hold both against random pools.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath

from proofs_checks._check import ProofCheck, ProofStep, Refuted
from proofs_checks._last_samples import lines_hold
from proofs_checks._pool_statistics import means_agree, statistics_agree
from proofs_checks._value_iteration import CELLS, CoveredGain, failure_bound
from sltk.subset_sum.laws import Uniform, parse_law
from sltk.subset_sum.widths.handover import handover
from sltk.subset_sum.widths.handover_iteration import iterated_handover
from sltk.subset_sum.widths.moment_certificate import bin_weights
from sltk.subset_sum.widths.moment_table import ENTRY_ERROR, PairTable, Targets
from sltk.subset_sum.widths.required_size import stored_certificates

MpInterval = Any  # mpmath's interval numbers and their context have no type hints
IV: Any = mpmath.iv


def uniform_gain(length: Fraction, covered: Fraction) -> Fraction:
    """Exact ``G(V)`` of U[-1, 1]: with ``P(t) = t^2/4`` up to 1 and ``t/2 - 1/4`` beyond."""

    def p(t: Fraction) -> Fraction:
        return t * t / 4 if t <= 1 else t / 2 - Fraction(1, 4)

    return _combine(p, length, covered)


def interval_gain(p: Callable[[MpInterval], MpInterval]) -> CoveredGain:
    """Lower end of ``max(G(V), G(l - V))`` in interval arithmetic, for a given second integral of the density."""

    def gain(length: Fraction, covered: Fraction) -> Fraction:
        def q(t: Fraction) -> MpInterval:
            return p(IV.mpf(t.numerator) / t.denominator) if t else IV.mpf(0)

        def one(v: Fraction) -> Fraction:
            low = IV.mpf(2) * (q(v / 2) + q(length) - q(length - v / 2) - q(v))
            return _exact(low.a)

        # What is covered and what is missing can change places in the double integral.
        return max(one(covered), one(length - covered), Fraction(0))

    return gain


def normal_integral(t: MpInterval) -> MpInterval:
    """``int_0^t (t - u) phi(u) du`` by its alternating series, the first term left out enclosing the rest."""
    total, term, k = IV.mpf(0), t * t, 0
    while True:
        piece = term / ((2 * k + 1) * (2 * k + 2))
        total += piece
        k += 1
        term = -term * t * t / (2 * k)
        if k > 8 and abs(term).b < 1e-20:
            rest = abs(term).b
            return (total + IV.mpf([-rest, rest])) / IV.sqrt(2 * IV.pi)


def product_integral(t: MpInterval) -> MpInterval:
    """``t^2 (3 - 2 ln t) / 8`` for ``0 < t <= 1``: the second integral of ``-ln(u) / 2``."""
    return t * t * (3 - 2 * IV.log(t)) / 8


def _combine(p: Callable[[Fraction], Fraction], length: Fraction, v: Fraction) -> Fraction:
    return 2 * (p(v / 2) + p(length) - p(length - v / 2) - p(v))


def _exact(value: object) -> Fraction:
    sign, man, exp, _ = mpmath.mpf(value)._mpf_
    return Fraction((-1) ** sign * int(man)) * Fraction(2) ** exp


Poly = list[Fraction]
Piecewise = list[tuple[Fraction, Fraction, Poly]]  # (from, to, coefficients in t); zero elsewhere


@dataclass(frozen=True)
class Mu:
    """``inner`` on ``|z| <= near`` plus ``outer`` on ``|z| <= far``, in rationals."""

    near: Fraction
    far: Fraction
    inner: Fraction
    outer: Fraction


def density_of_sum(samples: int, width: Fraction, low: Fraction) -> Piecewise:
    """Density of ``low + width (U_1 + .. + U_m)``, m >= 1, as exact polynomials between knots."""
    pieces: Piecewise = []
    for k in range(samples):
        total: Poly = [Fraction(0)] * samples
        for j in range(k + 1):
            # (-1)^j C(m, j) ((t - low)/width - j)^(m-1) / (width (m-1)!), expanded in t
            shift = -(low / width) - j
            factor = Fraction((-1) ** j * math.comb(samples, j), math.factorial(samples - 1)) / width
            for i in range(samples):
                total[i] += factor * math.comb(samples - 1, i) * shift ** (samples - 1 - i) / width**i
        pieces.append((low + k * width, low + (k + 1) * width, total))
    return pieces


def probability_between(pieces: Piecewise, start: Fraction, end: Fraction) -> Fraction:
    """Integral of the pieces over ``[start, end]``."""
    total = Fraction(0)
    for a, b, poly in pieces:
        lower, upper = max(a, start), min(b, end)
        if lower < upper:
            total += sum(c * (upper ** (i + 1) - lower ** (i + 1)) / (i + 1) for i, c in enumerate(poly))
    return total


def exact_entry(left: Piecewise, right: Piecewise, common: Piecewise, radius: Fraction, targets: Mu) -> Fraction:
    """``int P(|A - s| <= r) P(|B - s| <= r) E mu(C + s) ds``, exactly.

    The integrand is a polynomial between knots; it is integrated from its values at as many rational points as its
    degree needs (Lagrange), which shares nothing with Gauss quadrature.
    """
    degree = sum(len(p[0][2]) for p in (left, right, common))
    knots = sorted(_knots(left, radius) | _knots(right, radius) | _target_knots(common, targets))
    nodes = [Fraction(2 * i + 1, 2 * (degree + 1)) for i in range(degree + 1)]
    weights = _interpolatory(nodes)
    total = Fraction(0)
    for a, b in itertools.pairwise(knots):
        for x, w in zip(nodes, weights, strict=True):
            s = a + (b - a) * x
            value = probability_between(left, s - radius, s + radius)
            value *= probability_between(right, s - radius, s + radius)
            if value:
                total += w * (b - a) * value * _mean_density(common, s, targets)
    return total


def _mean_density(common: Piecewise, s: Fraction, t: Mu) -> Fraction:
    inner = probability_between(common, -t.near - s, t.near - s)
    return t.inner * inner + t.outer * probability_between(common, -t.far - s, t.far - s)


def _knots(pieces: Piecewise, radius: Fraction) -> set[Fraction]:
    ends = {e for a, b, _ in pieces for e in (a, b)}
    return {e + d for e in ends for d in (-radius, radius)}


def _target_knots(pieces: Piecewise, t: Mu) -> set[Fraction]:
    ends = {e for a, b, _ in pieces for e in (a, b)}
    return {d - e for e in ends for d in (-t.near, t.near, -t.far, t.far)}


def _interpolatory(nodes: list[Fraction]) -> list[Fraction]:
    """Weights of the rule on [0, 1] that is exact for all polynomials of degree below ``len(nodes)``."""
    weights: list[Fraction] = []
    for i, x in enumerate(nodes):
        poly: Poly = [Fraction(1)]
        for j, y in enumerate(nodes):
            if j != i:
                scaled = [c / (x - y) for c in poly]
                poly = [a - y * b for a, b in zip([Fraction(0), *scaled], [*scaled, Fraction(0)], strict=True)]
        weights.append(sum((c / (k + 1) for k, c in enumerate(poly)), Fraction(0)))
    return weights


def _confirmed(size: int, gain: CoveredGain, length: float, slack: float, cells: int) -> bool:
    """P(fail) is at most .05 with ``size`` samples at eps .01, by this program's own arithmetic."""
    bound = failure_bound(size, Fraction(0.01), Fraction(slack), Fraction(length), gain, cells)
    return bound <= Fraction(1, 20)


def _iteration_step(
    name: str, size: int, gain: CoveredGain, length: float, slack: float = 2.0**-8, cells: int = CELLS
) -> ProofStep:
    def run(size: int = size) -> bool:
        return _confirmed(size, gain, length, slack, cells)

    text = f"{name}: {size} samples are enough for eps .01, delta .05, window {length:.4g}"
    return ProofStep(text, run, {"one sample fewer": {"size": size - 1}})


def _entries_agree(drawn: Fraction = Fraction(1, 2)) -> bool:
    """Entries of the other program's table, a spread of kinds with 1 to 4 samples a part, are the exact integrals.

    ``drawn`` is the width of the bins in the exact integrals; the table has 1/2.
    """
    width, radius = Fraction(1, 2), Fraction(1, 64)
    t = Mu(Fraction(33, 64), Fraction(5, 4), Fraction(3, 4), Fraction(1, 2))
    targets = Targets(float(t.near), float(t.far), float(t.inner), float(t.outer))
    table = PairTable(6, float(width), (-2, -1, 0, 1), float(radius), targets)
    worst, least = 0.0, math.inf
    cases = [
        ((1, 0), (1, -1), (1, 1)),
        ((2, -1), (1, -2), (3, 0)),
        ((3, -3), (2, -1), (1, -2)),
        ((1, 1), (1, 1), (4, -5)),
        ((2, -1), (2, -2), (2, 0)),
    ]
    for left, right, common in cases:
        parts = [density_of_sum(m, drawn, g * drawn) for m, g in (left, right, common)]
        exact = exact_entry(parts[0], parts[1], parts[2], radius, t)
        c, a, b = (int(table.place[m, g + table.shift]) for m, g in (common, left, right))
        found = float(table.entries[table.first[c] + a * table.size[c] + b])
        worst = max(worst, abs(float(Fraction(found) - exact)) / targets.mass)
        least = min(least, float(exact))
    return least > 0.0 and worst <= ENTRY_ERROR


def bins_hold(law: str, width: Fraction, lows: tuple[int, ...]) -> bool:
    """Bins of one width make a stratification: the mirror image of bin i is the last but i, and no two overlap.

    And their weights, recomputed here (exactly for U[-1, 1], in interval arithmetic for N(0, 1)), are at least those of
    the other program and at most 1 together.
    """
    ends = [(g * width, (g + 1) * width) for g in lows]
    mirrored = all((-b, -a) == ends[-1 - i] for i, (a, b) in enumerate(ends))
    apart = all(b <= a or d <= c for (c, b), (a, d) in itertools.combinations(ends, 2))
    least = [_least_density(law, max(abs(a), abs(b))) * width for a, b in ends]
    return bool(ends) and mirrored and apart and sum(least) <= 1


def _least_density(law: str, x: Fraction) -> Fraction:
    if law == "uniform(1.0)":
        return Fraction(1, 2) if x <= 1 else Fraction(0)
    if law == "normal(1.0)":
        at = IV.mpf(x.numerator) / x.denominator
        return _exact((IV.exp(-at * at / 2) / IV.sqrt(2 * IV.pi)).a)
    raise Refuted(f"no density of {law} is known to this program")


def _bins_of_certificates(lows: tuple[int, ...] | None = None) -> bool:
    """The bins of every stored certificate (``lows`` in their place) are a stratification, their weights no larger."""
    for found in stored_certificates():
        plan = found.plan if lows is None else replace(found.plan, lows=lows)
        width = Fraction(plan.width)
        if not bins_hold(found.law, width, plan.lows):
            return False
        for weight, g in zip(bin_weights(parse_law(found.law), plan), plan.lows, strict=True):
            if Fraction(float(weight)) > _least_density(found.law, max(abs(g), abs(g + 1)) * width) * width:
                return False
    return True


def _handed_over(share: Fraction = Fraction(1)) -> bool:
    """The hand-over lines of every stored certificate for U[-1, 1], times ``share``, hold in exact rationals."""
    for found in stored_certificates():
        if found.law == "uniform(1.0)" and not found.plan.wide:
            p = found.plan
            near = found.window / 2 + p.slack
            pair = handover(Uniform(1.0), p.rest, p.slack, near, p.far)
            gap = handover_gap(p.rest, *(Fraction(v) for v in (p.slack, near, p.far)), *(
                share * Fraction(v) for v in (pair.inner, pair.outer)))  # fmt: skip
            if gap < 0:
                return False
    return True


def _iterated(share: Fraction = Fraction(1), reached: float = 1.0, gained: float = 1.0) -> bool:
    """The iterated lines of every stored certificate for U[-1, 1], times ``share``, hold, plane by plane."""
    for found in stored_certificates():
        for wide in found.plan.wide if found.law == "uniform(1.0)" else ():
            p, near = found.plan, found.window / 2 + found.plan.slack
            lines = iterated_handover(Uniform(1.0), p.rest, p.slack, near, wide.far, wide.share)
            lower = replace(lines, inner=lines.inner * float(share), outer=lines.outer * float(share))
            if not lines_hold(lower, p.slack, near, wide.far, reached, gained):
                return False
    return True


def handover_gap(k: int, slack: Fraction, near: Fraction, far: Fraction, inner: Fraction, outer: Fraction) -> Fraction:
    """Least ``alpha v(b') + beta b - 1`` over cells ``[b, b']`` with ``v(b') <= b'``; the claim holds if it is >= 0."""
    half = Fraction(1, 2)
    there = half * min(far - near, Fraction(1)) + half * min(far + near, Fraction(1))
    cells = 20_000
    least = Fraction(1000)
    for i in range(cells):
        b, above = 2 * far * Fraction(i, cells), 2 * far * Fraction(i + 1, cells)
        rho = 1 - there + half * above
        if rho**k * above >= 2 * slack:
            least = min(least, inner * 2 * slack / min(rho, Fraction(1)) ** k + outer * b - 1)
    return least


CHECK = ProofCheck(
    key="width-certificate",
    steps=(
        _iteration_step("uniform", 33, uniform_gain, 1.0),
        _iteration_step("normal", 52, interval_gain(normal_integral), 1.0),
        _iteration_step(
            "product of two uniforms", 48, interval_gain(product_integral), 1.0 / math.e, 7 * 2.0**-11, 3000
        ),
        ProofStep(
            "second moments: bins",
            _bins_of_certificates,
            {"bins out of order": {"lows": (0, -1, -2, 1)}, "bins counted twice": {"lows": (-1, -1, 0, 0)}},
        ),
        ProofStep("second moments: table entries", _entries_agree, {"bins 0.2% wider": {"drawn": Fraction(501, 1000)}}),
        ProofStep("second moments: hand-over lines", _handed_over, {"lines 2% too low": {"share": Fraction(98, 100)}}),
        ProofStep(
            "weights by the rest of the pool: all second moments of three samples, exactly",
            statistics_agree,
            {"what is shared added, not taken away": {"rest": -1}},
        ),
        ProofStep(
            "weights by the rest of the pool: all means of three samples, exactly",
            means_agree,
            {"the target added, not taken away": {"less": -1}},
        ),
        ProofStep(
            "iterated hand-over: planes",
            _iterated,
            {
                "lines 2% too low": {"share": Fraction(98, 100)},
                "J reached 2% less often": {"reached": 0.98},
                "K gains 5% less": {"gained": 0.95},
            },
        ),
    ),
    covers="The value iteration in full, by dual lines on a grid of its own: 33 (uniform), 52 (normal), 48 (product) "
    "at (.01, .05). Of the smaller second-moment sizes: the bins, five table entries, the hand-over for uniform "
    "samples, once or iterated, and for weights that depend on the rest of the pool all first and second moments of "
    "pools of three samples.",
    trusts=(
        "the rounding of the other table entries (an a-priori bound) and the sum over strata",
        "the hand-over of the normal certificate, which is computed in floats",
    ),
)
