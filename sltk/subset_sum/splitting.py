r"""Failure probabilities far below what counting sees: multilevel splitting over the samples of a pool.

Theorem. A pool that misses its target with ``k + 1`` samples misses it with the first ``k``, since a subset of these is
one of those. With ``A_k`` the event that the first k miss, ``A_m`` contains ``A_{m+1}`` and so on to ``A_n``, and
``p_n = P(A_m) prod_k P(A_{k+1} | A_k)``. Draw N pools of m samples; the share that misses estimates the first factor.
Clone those that missed to N again, each with its expected number of clones, add fresh samples to every clone; the
share that still misses estimates the next factor. The product of the shares has the mean p_n, whatever N is.

Tilt. Pools fail mostly because samples of the target's sign are scarce. Where the law is symmetric, a fresh sample may
have that sign with another probability than 1/2; each pool then carries the ratio of the two laws as its weight.

Interval. Clones of one pool resemble each other, so what the shares are worth cannot be told from a single run. R
repetitions from streams of their own are independent and alike, and Student's law for their mean gives the limits.
Assumed: the mean of R repetitions is nearly normal. What guards it: a factor is a share of N, about a half each, so one
repetition spreads by a half at N = 500 and p = 1e-5, by a fifth with tilt .3 (``spread`` says by how much); where a
repetition has died out at some level the limits fall back on the level before, which bounds p_n from above by nesting;
and tests hold the interval against a closed form at 1e-6, and against plain counting at 1e-3.

Source: Kahn & Harris 1951; Cerou & Guyader 2007; Del Moral 2004 for the mean (all remembered); nesting is derived here.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.rng import stream
from sltk.core.statistics.stats import clopper_pearson
from sltk.subset_sum.missed import missed
from sltk.subset_sum.probability import Estimate

special = later("scipy.special")

SampleDraw = Callable[[np.random.Generator, int, int, int], Values]
"""``(generator, count, first, last) -> (count, last - first)``: samples ``first..last-1`` of pools, all independent."""

FIRST = 2  # samples before the first split: while nearly all pools miss, a level costs next to nothing


@dataclass(frozen=True)
class Splitting:
    """What is estimated: the mean over ``targets`` of ``p_n(z, eps)``.

    Args:
        n: samples of a pool.
        targets: ``(m,)``; a particle draws its own among them, and keeps it.
        eps: tolerance, in the units of the samples.
        draw: samples, independent of one another and from row to row.
        particles: pools at every level.
        seed: of the named streams, one a repetition.
        first: samples of a pool before the first split; step: fresh samples from one split to the next.
        tilt: probability that a fresh sample has its target's sign; 1/2 leaves the samples as they are drawn, another
            one needs a law with ``x ~ -x``.
    """

    n: int
    targets: Values
    eps: float
    draw: SampleDraw
    particles: int = 1000
    seed: int = 0
    first: int = FIRST
    step: int = 1
    tilt: float = 0.5

    @classmethod
    def of(cls, n: int, target: ArrayLike, eps: float, draw: SampleDraw, **options: Any) -> "Splitting":
        """The same with targets of any shape.

        Raises:
            SltkError: no targets, or numbers out of range.
        """
        found = cls(n, np.atleast_1d(np.asarray(target, dtype=float)).reshape(-1), eps, draw, **options)
        _require(found)
        return found

    @property
    def levels(self) -> list[int]:
        """Samples at each level: ``first``, then ``step`` more each time, ``n`` last."""
        return [*range(min(self.first, self.n), self.n, self.step), self.n]

    def repetition(self, number: int) -> Values:
        """One unbiased estimate for every level, ``(levels,)``: the running products, falling to that of p_n."""
        generator = stream(self.seed, "splitting", number)
        target = self.targets[generator.integers(self.targets.size, size=self.particles)]
        pool, weight = np.empty((self.particles, 0)), np.ones(self.particles)
        share, products = 1.0, list[float]()
        for size in self.levels:
            fresh, ratio = self._fresh(generator, target, pool.shape[1], size)
            pool, weight = _extended(pool, fresh), weight * ratio
            lost = np.flatnonzero(missed(pool, target[:, None], self.eps)[:, 0])
            products.append(share * float(weight[lost].sum()) / self.particles)
            if not lost.size:
                break
            share *= lost.size / self.particles
            clones = _clones(lost, self.particles, generator)
            pool, target, weight = pool[clones], target[clones], weight[clones]
        return np.array(products + [0.0] * (len(self.levels) - len(products)))

    def _fresh(self, generator: np.random.Generator, target: Values, first: int, last: int) -> tuple[Values, Values]:
        """Samples ``first..last-1`` of every pool, and the ratio of their law to the one that they are drawn from."""
        drawn = self.draw(generator, target.size, first, last)
        if self.tilt == 0.5:
            return drawn, np.ones(target.size)
        same = generator.random(drawn.shape) < self.tilt
        ratio = np.where(same, 0.5 / self.tilt, 0.5 / (1.0 - self.tilt)).prod(axis=1)
        return np.abs(drawn) * np.where(same, 1.0, -1.0) * np.where(target < 0.0, -1.0, 1.0)[:, None], ratio


@dataclass(frozen=True)
class RareEstimate(Estimate):
    """An ``Estimate`` from independent repetitions.

    Attributes:
        each: ``(R,)`` the estimates of ``p_n``, one a repetition.
    """

    each: tuple[float, ...]

    @property
    def spread(self) -> float:
        """Standard deviation of a repetition over the mean; infinite where the mean is 0."""
        return float(np.std(self.each, ddof=1)) / self.p if self.p else math.inf


def rare_failure_probability(
    asked: Splitting, repetitions: int = 10, confidence: float = 0.99, numbers: Iterable[int] | None = None
) -> RareEstimate:
    """``p_n`` with an interval from independent repetitions; see the module for what it assumes.

    Args:
        asked: the problem and its streams.
        repetitions: at least 2; their order, and who computes them, is without effect.
        confidence: of the interval.
        numbers: which repetitions, by default ``0..repetitions-1``.

    Returns:
        Unbiased estimate. Where a repetition died out the lower limit is 0, and the upper one that of the last level
        at which all lived; where one died at the first level, that of Clopper and Pearson for all its pools.

    Raises:
        SltkError: fewer than two repetitions, or a confidence outside (0, 1).
    """
    order = sorted(range(repetitions) if numbers is None else numbers)
    return gathered(asked, np.stack([asked.repetition(number) for number in order]) if order else None, confidence)


def gathered(asked: Splitting, products: Values | None, confidence: float = 0.99) -> RareEstimate:
    """The estimate from the running products of repetitions, ``(R, levels)``, each row as ``repetition`` returns it."""
    if products is None or len(products) < 2 or not 0.0 < confidence < 1.0:
        raise SltkError(
            f"an interval needs at least 2 repetitions and 0 < confidence < 1, but got "
            f"{0 if products is None else len(products)} and confidence={confidence}."
        )
    trials = products.shape[0] * asked.particles * len(asked.levels)
    low, high = _limits(asked, products, confidence)
    each = products[:, -1]
    return RareEstimate(float(each.mean()), low, high, confidence, trials, tuple(each.tolist()))


def _limits(asked: Splitting, products: Values, confidence: float) -> tuple[float, float]:
    alive = np.flatnonzero((products > 0.0).all(axis=0))
    if not alive.size:
        pools = len(products) * asked.particles
        return 0.0, clopper_pearson(round(float(products[:, 0].sum()) * asked.particles), pools, confidence).high
    last = products[:, alive[-1]]
    mean, radius = float(last.mean()), student_radius(last, confidence)
    died = alive[-1] < products.shape[1] - 1
    return 0.0 if died else max(0.0, mean - radius), min(1.0, mean + radius)


def student_radius(values: Values, confidence: float) -> float:
    """Half the width of Student's interval for the mean of independent, nearly normal ``values``, at least two."""
    quantile = float(special.stdtrit(values.size - 1, 0.5 + confidence / 2.0))
    return quantile * float(values.std(ddof=1)) / math.sqrt(values.size)


def _extended(pool: Values, fresh: Values) -> Values:
    """Pools with fresh samples at their end: what they missed before may be missed still, and nothing else."""
    return np.concatenate([pool, fresh], axis=1)


def _clones(lost: Indices, count: int, generator: np.random.Generator) -> Indices:
    """``count`` of the pools ``lost``, each as often as any other on average (systematic resampling)."""
    place = (np.arange(count) + generator.random()) * (lost.size / count)
    return lost[np.minimum(place.astype(np.int64), lost.size - 1)]


def _require(asked: Splitting) -> None:
    if asked.targets.size == 0 or not np.isfinite(asked.targets).all():
        raise SltkError(f"splitting needs finite targets, at least one, but got {asked.targets.size}.")
    if asked.n < 1 or min(asked.first, asked.step) < 1 or asked.particles < 2 or not 0 < asked.tilt < 1:
        raise SltkError(
            f"splitting needs n >= 1, first >= 1, step >= 1, particles >= 2 and 0 < tilt < 1, but got n={asked.n}, "
            f"first={asked.first}, step={asked.step}, particles={asked.particles}, tilt={asked.tilt}."
        )
    if not (asked.eps > 0.0 and math.isfinite(asked.eps)):
        raise SltkError(f"splitting needs a finite eps > 0, but got eps={asked.eps}.")
