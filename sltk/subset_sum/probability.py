"""How often a random pool misses one target: estimates of the fixed-target failure probability.

Definition. For samples ``x_1..x_n`` and a target ``z``, ``p_n(z, eps) = P(dist(z, S(x)) > eps)`` with
``S(x)`` the subset sums. It is estimated by counting infeasible pools, with exact binomial intervals.

For a law with ``x ~ -x`` the number ``K`` of positive samples is ``Bin(n, 1/2)`` and independent of the sizes
``|x_a|``, so ``p = sum_K P(K) p_K`` with exact weights. A pool fails mostly because one sign is scarce, which is
rare and is where ``p_K`` is large: stratifying by ``K`` turns a probability of 1e-6 into a few large ones.

Source: the range obstruction is derived for this project; Neyman's allocation; Clopper & Pearson 1934.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.numerics.arrays import Values
from sltk.core.rng import stream
from sltk.core.statistics.stats import clopper_pearson
from sltk.subset_sum.laws import Uniform, law_of
from sltk.subset_sum.solve import solve

interpolate, optimize = later("scipy.interpolate"), later("scipy.optimize")

PoolDraw = Callable[[np.random.Generator, int], Values]

CHUNK = 2**16
PILOT = 200
INFEASIBLE_COST = 30.0  # a pool without a subset is searched to the end; measured 15 (n = 20) to 60 (n = 26)
TAIL = 1e-2  # sign counts in the outer 1% of each side get a stratum of their own; the rest share one


@dataclass(frozen=True)
class Estimate:
    """A measured number in ``[low, high]`` at ``confidence``; ``trials`` pools were drawn for it."""

    p: float
    low: float
    high: float
    confidence: float
    trials: int


def range_obstruction(n: int, t: float, law: Uniform | str) -> float:
    """``P(sum_i x_i^+ < t)`` for ``n`` samples of ``U[-a, a]``: no subset sum reaches ``t``.

    Statement. ``2**-n sum_k C(n, k) IrwinHall_k(t / a)`` for every ``t > 0``, and 0 for ``t <= 0``; for
    ``t <= a`` this is ``2**-n sum_k C(n, k) (t/a)**k / k!``. Hence ``p_n(z, eps) >= range_obstruction(n, |z| - eps)``.

    Args:
        n: samples, at least 0.
        t: what the positive samples would have to add up to, in the units of the law.
        law: uniform on ``[-a, a]``, taken as continuous.

    Returns:
        The probability, evaluated in exact rationals and rounded once: relative error at most ``2**-53``.

    Raises:
        SltkError: ``n < 0``, ``t`` not finite, or another law.

    Source: derived for this project and provable as stated (range obstruction of random subset sums).
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise SltkError(f"range_obstruction needs a whole number n >= 0, but got n={n!r}.")
    uniform = law_of(law) if isinstance(law, str) else law
    if not isinstance(uniform, Uniform):
        raise SltkError(f"range_obstruction needs a Uniform law, but got law={law!r}; use failure_probability.")
    if not math.isfinite(t):
        raise SltkError(f"range_obstruction needs a finite t, but got t={t}.")
    if t <= 0:
        return 0.0
    x = Fraction(t) / Fraction(uniform.half_width)
    return float(sum(math.comb(n, k) * _irwin_hall(k, x) for k in range(n + 1)) / 2**n)


def _irwin_hall(k: int, x: Fraction) -> Fraction:
    """``P(U_1 + .. + U_k < x)`` for ``x > 0``, exactly."""
    if x >= k:
        return Fraction(1)
    terms = ((-1) ** j * math.comb(k, j) * (x - j) ** k for j in range(math.floor(x) + 1))
    return sum(terms, Fraction(0)) / math.factorial(k)


def failure_probability(
    n: int,
    target: ArrayLike,
    eps: float,
    draw: PoolDraw,
    *,
    trials: int = 2**18,
    seed: int = 0,
    confidence: float = 0.99,
    symmetric: bool = True,
) -> Estimate:
    """Share of pools that have no subset within ``eps`` of ``target``.

    Args:
        n: samples of a pool.
        target: one number, or ``(m,)`` of them: then the mean of ``p_n(z, eps)`` over these, with every trial's
            target drawn from them at random.
        eps: tolerance, in the units of the samples.
        draw: ``(generator, count) -> (count, n)`` samples, independent from row to row.
        trials: pools to draw, besides a pilot of at most 200 a stratum that only fixes how they are shared out.
        seed: of the named streams that the trials come from.
        confidence: of the interval.
        symmetric: samples are sizes times independent fair signs (their own signs are redrawn), and trials are
            stratified by the number of positive ones; ``False`` is plain Monte Carlo on the samples as drawn.

    Returns:
        Unbiased estimate; the interval covers ``p`` with at least ``confidence``, exactly: Clopper-Pearson limits
        of every stratum, half of the error probability going to the bulk of the sign counts, the rest in equal parts.

    Raises:
        SltkError: ``eps <= 0``, no trials, no targets, or a confidence outside (0, 1).
    """
    targets = np.atleast_1d(np.asarray(target, dtype=float))
    _require(n, targets, eps, trials, confidence)
    strata = _strata(n) if symmetric else [_Stratum(0, n, 1.0)]
    problem = _Problem(n, np.abs(targets) if symmetric else targets, eps, draw, seed, symmetric)
    shares = _allocate(problem, strata, trials)
    levels = _error_levels(strata, 1.0 - confidence)
    p = low = high = 0.0
    for number, (stratum, count, level) in enumerate(zip(strata, shares, levels, strict=True)):
        failed = problem.failures(stratum, count, f"stratum-{number}")
        limits = clopper_pearson(failed, count, 1.0 - level)
        p += stratum.weight * failed / count
        low += stratum.weight * limits[0]
        high += stratum.weight * limits[1]
    return Estimate(p, low, min(high, 1.0), confidence, sum(shares))


@dataclass(frozen=True)
class _Stratum:
    """Sign counts ``first <= K <= last`` and their probability."""

    first: int
    last: int
    weight: float


def _strata(n: int) -> list[_Stratum]:
    weights = [math.comb(n, k) / 2**n for k in range(n + 1)]
    below = next((k for k in range(n + 1) if sum(weights[: k + 1]) > TAIL), n)
    bulk = _Stratum(below, n - below, sum(weights[below : n - below + 1]))
    tails = [k for k in range(n + 1) if k < below or k > n - below]
    return [bulk, *(_Stratum(k, k, weights[k]) for k in tails)]


def _error_levels(strata: Sequence[_Stratum], level: float) -> list[float]:
    if len(strata) == 1:
        return [level]
    return [level / 2.0, *[level / 2.0 / (len(strata) - 1)] * (len(strata) - 1)]


@dataclass(frozen=True)
class _Problem:
    n: int
    targets: Values
    eps: float
    draw: PoolDraw
    seed: int
    symmetric: bool

    def failures(self, stratum: _Stratum, count: int, name: str) -> int:
        """Infeasible pools among ``count`` of a stratum."""
        generator = stream(self.seed, "failure-probability", name)
        failed = 0
        for start in range(0, count, CHUNK):
            rows = min(CHUNK, count - start)
            pool = self.draw(generator, rows)
            if self.symmetric:
                pool = np.abs(pool) * _signs(generator, rows, self.n, stratum)
            target = self.targets[generator.integers(self.targets.size, size=rows)]
            failed += int(np.count_nonzero(~solve(pool, target, eps=self.eps, objective="cardinality").reached))
        return failed


def _signs(generator: np.random.Generator, rows: int, n: int, stratum: _Stratum) -> Values:
    """Uniform signs ``(rows, n)`` given that the number of positive ones lies in the stratum."""
    if stratum.first == stratum.last:
        ranks = generator.random((rows, n)).argsort(axis=1)
        return np.where(ranks < stratum.first, 1.0, -1.0)
    positive = np.zeros((rows, n), dtype=bool)
    todo = np.arange(rows)
    while todo.size:  # rejection: the bulk holds at least 98% of the sign patterns where it is not everything
        positive[todo] = generator.random((todo.size, n)) < 0.5
        count = positive[todo].sum(axis=1)
        todo = todo[(count < stratum.first) | (count > stratum.last)]
    return np.where(positive, 1.0, -1.0)


def _allocate(problem: _Problem, strata: Sequence[_Stratum], trials: int) -> list[int]:
    """Half of the trials by Neyman's shares ``P(K) sqrt(p_K (1 - p_K))`` from a pilot that is not counted.

    The other half goes by ``sqrt(P(K))``, which makes ``sum_K P(K) / T_K`` least: strata where nothing fails
    widen the interval by a multiple of it. Both are divided by the square root of what a pool costs.
    """
    if len(strata) == 1:
        return [trials]
    pilot = max(10, min(PILOT, trials // (10 * len(strata))))
    guess = [(problem.failures(s, pilot, f"pilot-{i}") + 0.5) / (pilot + 1.0) for i, s in enumerate(strata)]
    spread = np.array([s.weight * math.sqrt(g * (1.0 - g)) for s, g in zip(strata, guess, strict=True)])
    width = np.sqrt([s.weight for s in strata])
    shares = (spread / spread.sum() + width / width.sum()) / np.sqrt(1.0 + INFEASIBLE_COST * np.array(guess))
    return [max(10, round(trials * share)) for share in shares / shares.sum()]


def _require(n: int, targets: Values, eps: float, trials: int, confidence: float) -> None:
    if n < 1 or targets.size == 0 or not np.isfinite(targets).all():
        raise SltkError(f"failure_probability needs n >= 1 and finite targets, but got n={n}, {targets.size} targets.")
    if not eps > 0 or not math.isfinite(eps):
        raise SltkError(f"failure_probability needs a finite eps > 0, but got eps={eps}.")
    if trials < 1 or not 0 < confidence < 1:
        raise SltkError(
            f"failure_probability needs trials >= 1 and 0 < confidence < 1, but got trials={trials}, "
            f"confidence={confidence}."
        )


@dataclass(frozen=True)
class FailureCurve:
    """``p_n(z, eps)`` as a function of ``|z|``, tabulated on a grid.

    Attributes:
        sizes: ``(m,)`` increasing values of ``|z|``, all above ``eps``.
        nodes: the estimates there; their intervals hold together, at ``confidence``.
        eps: tolerance; ``p = 0`` for ``|z| <= eps``, where the empty subset will do.
        confidence: that all nodes are covered at once.
    """

    sizes: Values
    nodes: tuple[Estimate, ...]
    eps: float
    confidence: float

    def at(self, target: ArrayLike) -> tuple[Values, Values, Values]:
        """Estimate, lower and upper limit at ``target`` (any shape), by monotone interpolation.

        The limits use that p does not fall with ``|z|`` (seen in every measurement, not proved): a lower limit
        carries over to larger targets and an upper one to smaller. Between nodes all three are interpolated.

        Raises:
            SltkError: a target beyond the last node.
        """
        size = np.abs(np.asarray(target, dtype=float))
        if size.size and size.max() > self.sizes[-1] * (1.0 + 1e-12):
            raise SltkError(
                f"this curve ends at |z| = {self.sizes[-1]}, but a target has |z| = {size.max()}; "
                "tabulate it on a grid that reaches further."
            )
        inside = np.clip(size, self.sizes[0], self.sizes[-1])
        p, low, high = (np.where(size <= self.eps, 0.0, self._between(v, inside)) for v in self._monotone())
        return p, low, high

    def _monotone(self) -> tuple[Values, Values, Values]:
        p, low, high = (np.array([getattr(e, name) for e in self.nodes]) for name in ("p", "low", "high"))
        low, high = np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1]
        rising: Any = optimize.isotonic_regression(p)
        return np.clip(rising.x, low, high), low, high

    def _between(self, values: Values, size: Values) -> Values:
        if self.sizes.size == 1:
            return np.full(size.shape, values[0])
        return np.asarray(interpolate.PchipInterpolator(self.sizes, values)(size))


def failure_curve(
    n: int,
    sizes: ArrayLike,
    eps: float,
    draw: PoolDraw,
    *,
    trials: int = 2**16,
    seed: int = 0,
    confidence: float = 0.99,
    symmetric: bool = True,
) -> FailureCurve:
    """Tabulate ``p_n(z, eps)`` at ``|z|`` in ``sizes`` (increasing, above ``eps``), ``trials`` pools a node.

    All nodes use the same random streams, so neighbours err alike.

    Raises:
        SltkError: sizes not increasing or not above ``eps``; and as ``failure_probability``.
    """
    grid = np.atleast_1d(np.asarray(sizes, dtype=float))
    if grid.size == 0 or grid[0] <= eps or np.any(np.diff(grid) <= 0):
        raise SltkError(f"failure_curve needs increasing sizes above eps={eps}, but got {grid.tolist()}.")
    each = 1.0 - (1.0 - confidence) / grid.size
    nodes = tuple(
        failure_probability(n, z, eps, draw, trials=trials, seed=seed, confidence=each, symmetric=symmetric)
        for z in grid.tolist()
    )
    return FailureCurve(grid, nodes, eps, confidence)
