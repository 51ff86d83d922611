"""Rehearsals: what subsets come to, on pools that no source of a ticket will draw, in units of a stage's class.

Stages whose pools are alike in these units share one rehearsal.
"""

import time
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from sltk.construct.choose.obstructed import obstruction_probability
from sltk.construct.choose.target_class import Sizes
from sltk.construct.pools.problems import ProblemFamily
from sltk.construct.pools.sub_pool import ENOUGH_SAMPLES, smallest, solve_sub_pool_first, spread_evenly
from sltk.construct.pools.task import traded_costs
from sltk.core.numerics.arrays import Values
from sltk.core.rng import stream
from sltk.subset_sum import Solution, solve

SIZES = 2.0 ** (np.arange(-20, 3) / 2.0)  # of the targets, half octave by half octave
POOLS = 96  # of each size
TOGETHER = 2  # sizes that are timed as one
FACTOR_DRAWS = 256
POINTS = 4  # of a half octave
SIDE = 2.0  # smallest samples between two sums at the edge of a pool's range; see `missed`


@dataclass(frozen=True)
class Rehearsal:
    """What the subsets of one kind of pool came to, by size of the parameter, in units of the class.

    Attributes:
        error_sq: ``(m,)`` mean square of the parameters' errors; square: of ``sum v^2``; both at ``SIZES``.
        taken: ``(m,)`` samples of a subset, at ``SIZES``.
        seconds: ``(m,)`` a pool, of one core, at ``SIZES``: large targets take longest.
    """

    error_sq: Values
    square: Values
    taken: Values
    seconds: Values

    def at(self, what: Values, size: Values) -> Values:
        """Any of these for parameters of ``size``, between the sizes rehearsed; 0 where size is 0."""
        found = np.interp(np.log2(np.maximum(size, 1e-300)), np.log2(SIZES), what)
        return np.where(size == 0.0, 0.0, found)


@dataclass(frozen=True)
class Pools:
    """The pools of one kind in one stage, in units of its class: samples of a stage whose exponent is 0.

    Args:
        family: whose targets do not matter here.
        slope: a parameter is ``slope`` times a sum.
        factors: ``(draws, n)`` what the weights of a pool are multiplied with.
    """

    family: ProblemFamily
    slope: float
    factors: Values

    @classmethod
    def of(cls, family: ProblemFamily, slope: float) -> "Pools":
        """The pools of ``family``; random factors are drawn from one stream, so that alike families draw alike."""
        if family.shared is None:
            return cls(family, slope, family.scale[None, :])
        drawn = family.shared(stream(0, "rehearsal", "factors"), FACTOR_DRAWS)
        return cls(family, slope, family.scale * drawn.reshape(-1, family.n))

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for pools that are alike."""
        f = self.family
        return (f.kind, f.n, f.law.spec(), f.eps, f.sides, self.slope, self.factors.tobytes())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pools) and self.key == other.key

    def within(self, factor: float) -> "Pools":
        """The same with ``factor`` times the tolerance."""
        return replace(self, family=replace(self.family, eps=factor * self.family.eps))

    def smallest(self, samples: int) -> "Pools":
        """The pools of the samples with the smallest scales alone."""
        if samples >= self.family.n:
            return self
        some = smallest(self.family.scale, samples)
        family = replace(self.family, n=samples, scale=self.family.scale[some])
        return replace(self, family=family, factors=self.factors[:, some])

    def for_copies(self, copies: int) -> "Pools":
        """The same for so many copies of each problem."""
        return replace(self, family=replace(self.family, copies=copies))

    def missed(self, sizes: Sizes) -> float:
        """Expected number of problems without a solution for parameters of these sizes, from the class alone.

        Parameters are taken to spread evenly, in logarithm, over their half octave. A target within two of the
        smallest samples of the edge counts as missed, since sums are sparse there; elsewhere pools of these sizes leave
        no gaps (the tests of this package count failures where there are enough of them).
        """
        ends, counts = sizes.largest()
        if not ends.size:
            return 0.0
        within = 2.0 ** (-(np.arange(POINTS) + 0.5) / (2.0 * POINTS))
        p = _missed(self, tuple(np.outer(ends, within).reshape(-1))).reshape(-1, POINTS).mean(axis=1)
        return float((p * counts).sum()) * self.family.copies * self.family.sides


@lru_cache(maxsize=4096)
def _missed(pools: Pools, targets: tuple[float, ...]) -> Values:
    family, drawn = pools.family, pools.factors
    size = np.abs(drawn[drawn != 0.0])
    smallest = size.min() if family.shared is None else np.quantile(size, 1.0 / family.n)
    edge = SIDE * float(smallest) * family.law.high - family.eps
    reached = np.maximum(np.array(targets) / abs(pools.slope) + edge, 0.25 * family.eps)
    return obstruction_probability(family.law, drawn, reached)


@lru_cache(maxsize=256)
def rehearse_weights(pools: Pools, trade: float) -> Rehearsal:
    """Solve drawn pools of weights for parameters of all ``SIZES``.

    Args:
        pools: of which kind.
        trade: cost of a sample's size against the error of the sum.
    """
    family, generator = pools.family, stream(0, "rehearsal", "weights")
    place = np.repeat(np.arange(SIZES.size), POOLS)
    target = SIZES[place] * 2.0 ** (-generator.random(place.size) / 2.0) / abs(pools.slope)
    outgoing = family.law.sample(generator, (place.size, family.n)) * family.scale
    incoming = np.ones_like(outgoing)
    if family.shared is not None:
        incoming = family.shared(generator, place.size)[:, 0]
    costs = traded_costs(trade, outgoing, incoming)
    pool, alpha = outgoing * incoming, np.ones(place.size)
    found, seconds = _timed(pool, target, family.eps, costs, alpha)
    off = np.where(found.reached, found.value - target, 0.0) * pools.slope
    square, taken = (np.where(found.mask, outgoing, 0.0) ** 2).sum(axis=1), found.mask.sum(axis=1)
    error_sq, sums, count = (np.bincount(place, each) / POOLS for each in (off**2, square, taken))
    return Rehearsal(error_sq, sums, count, seconds)


def _timed(pool: Values, target: Values, eps: float, costs: Values, alpha: Values) -> tuple[Solution, Values]:
    """The subsets, and the seconds of a pool for each of ``SIZES``, in whose order the pools are."""

    def search(rows: slice) -> Solution:
        return solve(pool[rows], target[rows], eps=eps, objective="weighted", costs=costs[rows], alpha=alpha[rows])

    search(slice(0, 4))  # so that loading compiled kernels is not timed
    found, seconds = list[Solution](), np.zeros(SIZES.size)
    for first in range(0, SIZES.size, TOGETHER):
        last = min(first + TOGETHER, SIZES.size)
        started = time.process_time()
        found.append(search(slice(first * POOLS, last * POOLS)))
        seconds[first:last] = (time.process_time() - started) / ((last - first) * POOLS)
    columns = {f.name: np.concatenate([getattr(one, f.name) for one in found]) for f in fields(Solution)}
    return Solution(**columns), seconds


@lru_cache(maxsize=64)
def seconds_of_biases(pools: Pools) -> float:
    """Time of one problem of a bias."""
    family, generator = pools.family, stream(0, "rehearsal", "biases")
    pool = family.law.sample(generator, (POOLS, family.n)) * pools.factors[np.arange(POOLS) % len(pools.factors)]
    some = spread_evenly(family.n, ENOUGH_SAMPLES)
    solve_sub_pool_first(pool[:4], np.ones(4), some, eps=family.eps, objective="error")
    started = time.process_time()
    solve_sub_pool_first(pool, np.ones(POOLS), some, eps=family.eps, objective="error")
    return (time.process_time() - started) / POOLS
