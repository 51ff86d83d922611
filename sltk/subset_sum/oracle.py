"""Full enumeration in exact rationals: what every fast path is held against.

Floats are dyadic rationals, so all ``2^n`` sums, errors and costs are exact here. Slow on purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sltk.core.errors import SltkError

LARGEST = 16


@dataclass(frozen=True)
class Subset:
    """A subset as a bit code (bit ``k`` for ``x_k``) with its exact sum, error, and cost."""

    code: int
    value: Fraction
    error: Fraction
    cost: Fraction


def subsets(pool: Sequence[float], target: float, costs: Sequence[float] | None = None) -> list[Subset]:
    """Every subset of ``pool`` ``(n,)``, ``n <= 16``, by code; the cost of a sample is 1 where none is given."""
    if len(pool) > LARGEST:
        raise SltkError(f"the oracle enumerates pools of n <= {LARGEST} samples, but n={len(pool)}; use solve.")
    sums, prices = [Fraction(0)], [Fraction(0)]
    for x, c in zip(pool, [1.0] * len(pool) if costs is None else costs, strict=True):
        sums += [s + Fraction(float(x)) for s in sums]
        prices += [p + Fraction(float(c)) for p in prices]
    z = Fraction(float(target))
    return [Subset(k, s, abs(z - s), p) for k, (s, p) in enumerate(zip(sums, prices, strict=True))]


def least_error(every: Sequence[Subset]) -> Fraction:
    """The least error of all subsets."""
    return min(s.error for s in every)


def best_within(every: Sequence[Subset], eps: Fraction | None, alpha: Fraction = Fraction(0)) -> Subset | None:
    """Least ``alpha error + cost`` with error at most ``eps``, then least error; ``None`` where no subset qualifies."""
    near = [s for s in every if eps is None or s.error <= eps]
    return min(near, key=lambda s: (alpha * s.error + s.cost, s.error), default=None)


def largest_distance(pool: Sequence[float], low: float, high: float) -> Fraction:
    """Exact supremum over ``[low, high]`` of the distance to the nearest subset sum.

    The distance is piecewise linear: its maximum is at an end of the window or midway between two neighbours.
    """
    sums = sorted({s.value for s in subsets(pool, 0.0)})
    ends = [Fraction(low), Fraction(high)]
    middles = [(a + b) / 2 for a, b in pairwise(sums)]
    return max(min(abs(z - s) for s in sums) for z in ends + [z for z in middles if ends[0] <= z <= ends[1]])
