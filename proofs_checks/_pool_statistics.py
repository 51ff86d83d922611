r"""Another program for weights that depend on the rest of the pool: all pairs of subsets of a few samples, exactly.

``F_j = sum_I y_I^j 1{|x_I - z| <= r}`` with ``y_I`` the sum of the samples outside I, less z. Nothing is centred and
nothing is collected by kind: for each ordered pair ``(I, J)`` the product ``y_I^i y_J^j`` is expanded in the sums C, A,
B, D of what both, only I, only J and neither hold, and integrated as a piecewise polynomial in rationals.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from sltk.subset_sum.widths.moment_stratum import expected_statistics, second_moments
from sltk.subset_sum.widths.moment_table import ENTRY_ERROR, PairTable, Targets

WIDTH, RADIUS, NEAR, FAR = Fraction(1, 2), Fraction(1, 16), Fraction(9, 16), Fraction(5, 4)
INNER, OUTER = Fraction(3, 4), Fraction(1, 2)
LOWS = (-2, -1, 0, 1)
DEGREES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))

Poly = tuple[Fraction, ...]
Monomials = dict[tuple[int, int, int, int], int]  # powers of D, C, u, v to the coefficient


@dataclass(frozen=True)
class Part:
    """Low ends of the bins of some samples, in units of WIDTH."""

    lows: tuple[int, ...]

    @property
    def ends(self) -> list[Fraction]:
        """Knots of the density; the one point 0 for no samples."""
        return [WIDTH * (sum(self.lows) + k) for k in range(len(self.lows) + 1)]

    def moment(self, low: Fraction, high: Fraction, centre: Fraction, power: int) -> Fraction:
        """``E (X - centre)^power`` over ``low <= X <= high``, X the sum."""
        if not self.lows:
            return (-centre) ** power if low <= 0 <= high else Fraction(0)
        total = Fraction(0)
        for (a, b), poly in zip(itertools.pairwise(self.ends), _density(len(self.lows), sum(self.lows)), strict=True):
            lower, upper = max(a, low), min(b, high)
            if lower < upper:
                total += _integral(_times_power(poly, centre, power), lower, upper)
        return total

    def raw(self, power: int) -> Fraction:
        """``E X^power``."""
        return self.moment(self.ends[0], self.ends[-1], Fraction(0), power)


@cache
def _density(m: int, low: int) -> tuple[Poly, ...]:
    """Density of ``WIDTH (low + U_1 + .. + U_m)`` between its knots, by the alternating sum of truncated powers."""
    pieces: list[Poly] = []
    total = [Fraction(0)] * m
    for k in range(m):
        factor = Fraction((-1) ** k * math.comb(m, k), math.factorial(m - 1)) / WIDTH
        for i in range(m):
            total[i] += factor * math.comb(m - 1, i) * Fraction(-low - k) ** (m - 1 - i) / WIDTH**i
        pieces.append(tuple(total))
    return tuple(pieces)


def _times_power(poly: Poly, centre: Fraction, power: int) -> Poly:
    for _ in range(power):
        poly = tuple(a - centre * b for a, b in zip((Fraction(0), *poly), (*poly, Fraction(0)), strict=True))
    return poly


def _integral(poly: Poly, low: Fraction, high: Fraction) -> Fraction:
    return sum((c * (high ** (i + 1) - low ** (i + 1)) / (i + 1) for i, c in enumerate(poly)), Fraction(0))


def expand(i: int, j: int, rest: int = 1) -> Monomials:
    """``(D - C + v)^i (D - C + u)^j``; ``rest = -1`` is the mistake ``D + C``."""
    found: Monomials = {(0, 0, 0, 0): 1}
    for own in [(0, 0, 0, 1)] * i + [(0, 0, 1, 0)] * j:
        grown: Counter[tuple[int, int, int, int]] = Counter()
        for powers, factor in found.items():
            for step, sign in (((1, 0, 0, 0), 1), ((0, 1, 0, 0), -rest), (own, 1)):
                d, c, u, v = (p + q for p, q in zip(powers, step, strict=True))
                grown[d, c, u, v] += sign * factor
        found = dict(grown)
    return found


def pair_integrals(left: Part, right: Part, common: Part, neither: Part, rest: int = 1) -> list[Fraction]:
    """``int mu(z) E y_I^i y_J^j 1_I 1_J dz`` for all DEGREES; ``z = C + s``, ``u = A - s``, ``v = B - s``."""
    terms = [expand(i, j, rest) for i, j in DEGREES]
    totals = [Fraction(0)] * len(DEGREES)
    for s, weight in _nodes(left, right, common):
        u = [left.moment(s - RADIUS, s + RADIUS, s, p) for p in range(3)]
        v = [right.moment(s - RADIUS, s + RADIUS, s, p) for p in range(3)]
        if u[0] and v[0]:
            c = [
                INNER * common.moment(-NEAR - s, NEAR - s, Fraction(0), p)
                + OUTER * common.moment(-FAR - s, FAR - s, Fraction(0), p)
                for p in range(5)
            ]
            d = [neither.raw(p) for p in range(5)]
            for at, monomials in enumerate(terms):
                totals[at] += weight * sum(
                    factor * d[n] * c[i] * u[p] * v[q] for (n, i, p, q), factor in monomials.items()
                )
    return totals


def _nodes(left: Part, right: Part, common: Part) -> Iterator[tuple[Fraction, Fraction]]:
    """A rule in s that is exact for polynomials of the integrand's degree between its knots."""
    windows = {e + d for part in (left, right) for e in part.ends for d in (-RADIUS, RADIUS)}
    knots = sorted(windows | {d - e for e in common.ends for d in (-NEAR, NEAR, -FAR, FAR)})
    count = sum(len(part.lows) for part in (left, right, common)) + 5
    points = [Fraction(2 * i + 1, 2 * count) for i in range(count)]
    for a, b in itertools.pairwise(knots):
        for x, w in zip(points, _weights(count), strict=True):
            yield a + (b - a) * x, (b - a) * w


@cache
def _weights(count: int) -> tuple[Fraction, ...]:
    points, found = [Fraction(2 * i + 1, 2 * count) for i in range(count)], []
    for i, x in enumerate(points):
        poly: Poly = (Fraction(1),)
        for j, y in enumerate(points):
            if j != i:
                poly = tuple(c / (x - y) for c in _times_power(poly, y, 1))
        found.append(_integral(poly, Fraction(0), Fraction(1)))
    return tuple(found)


def exact_sums(samples: tuple[int, ...], rest: int = 1) -> list[Fraction]:
    """The integrals of all DEGREES, added up over all ordered pairs of subsets of ``samples`` (low ends)."""
    totals = [Fraction(0)] * len(DEGREES)
    alike = Counter(_parts(samples, labels) for labels in itertools.product(range(4), repeat=len(samples)))
    for parts, count in alike.items():
        left, right, common, neither = (Part(lows) for lows in parts)
        found = pair_integrals(left, right, common, neither, rest)
        totals = [t + count * f for t, f in zip(totals, found, strict=True)]
    return totals


def _parts(samples: tuple[int, ...], labels: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Low ends of the samples with each label: only I, only J, both, neither."""
    return tuple(tuple(sorted(g for g, k in zip(samples, labels, strict=True) if k == kind)) for kind in range(4))


def table_sums(samples: tuple[int, ...]) -> tuple[list[float], float]:
    """The same from the package, and the mass of mu."""
    targets = Targets(*(float(v) for v in (NEAR, FAR, INNER, OUTER)))
    table = PairTable(len(samples), float(WIDTH), LOWS, float(RADIUS), targets, statistics=True)
    counts = tuple(samples.count(g) for g in LOWS)
    kinds = sorted({(sum(t), sum(a * g for a, g in zip(t, LOWS, strict=True)))
                    for t in itertools.product(*(range(c + 1) for c in counts))})  # fmt: skip
    found, _ = second_moments(table, counts, kinds)
    n = len(kinds)
    parts = [found[:n, :n], found[:n, n], found[:n, n + 1], found[n, n], found[n, n + 1], found[n + 1, n + 1]]
    return [float(np.sum(p)) for p in parts], targets.mass


def statistics_agree(samples: tuple[int, ...] = (-2, 0, 1), rest: int = 1) -> bool:
    """Second moments of the package and of this program, in units of the mass, within the bound for entries."""
    found, mass = table_sums(samples)
    exact = exact_sums(samples, rest)
    pairs = 4 ** len(samples)
    return all(abs(Fraction(f) - e) <= pairs * mass * ENTRY_ERROR * 8 ** sum(degree) and e != 0
               for f, e, degree in zip(found, exact, DEGREES, strict=True))  # fmt: skip


def means_agree(samples: tuple[int, ...] = (-2, 0, 1), less: int = 1) -> bool:
    """``E int mu F_j`` of the package is ``int mu(z) P(|x_I - z| <= r) E (D - z)^j dz``; ``less = -1``: ``D + z``."""
    targets = Targets(*(float(v) for v in (NEAR, FAR, INNER, OUTER)))
    table = PairTable(len(samples), float(WIDTH), LOWS, float(RADIUS), targets, statistics=True)
    found = expected_statistics(table, tuple(samples.count(g) for g in LOWS))
    exact = [Fraction(0), Fraction(0)]
    for inside in itertools.product((False, True), repeat=len(samples)):
        own = Part(tuple(g for g, taken in zip(samples, inside, strict=True) if taken))
        rest = Part(tuple(g for g, taken in zip(samples, inside, strict=True) if not taken))
        d = [rest.raw(p) for p in range(3)]
        for z, weight in _nodes(own, own, Part(())):
            seen = INNER * (abs(z) <= NEAR) + OUTER * (abs(z) <= FAR)
            hit = weight * seen * own.moment(z - RADIUS, z + RADIUS, z, 0)
            exact[0] += hit * (d[1] - less * z)
            exact[1] += hit * (d[2] - 2 * less * z * d[1] + z * z)
    limit = targets.mass * ENTRY_ERROR * 2 ** len(samples) * 64
    return all(abs(Fraction(float(f)) - e) <= limit and e != 0 for f, e in zip(found, exact, strict=True))
