"""Predictions by plain counting: draw pools, count those that miss, with limits that are exact at any confidence.

``E_w prod (1 - p(theta|w))^copies`` is the mean over draws of w of ``prod C(S, copies) / C(R, copies)`` with S
successes in ``R = repeats * copies`` fresh pools given w: unbiased for every power, whatever R is. It costs a pool for
each problem and draw, so it is the way for tests that spend 1e-9 on an interval; ``sltk.construct.predict.parts`` is
the quick one.

Source: derived for this project and provable as stated; checked by its statistical test.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sltk.construct.pools.problems import ParameterKind, ProblemFamily
from sltk.core.lazy import later
from sltk.core.numerics.arrays import Values
from sltk.core.rng import stream
from sltk.core.statistics.stats import clopper_pearson, empirical_bernstein
from sltk.subset_sum import solve
from sltk.subset_sum.probability import Estimate, failure_probability

special = later("scipy.special")

CHUNK = 2**16
RARE = 0.01  # expected failures below which success is taken as exp(-expected)
FEW = 12  # different targets up to which each is estimated on its own
BINS = 8


@dataclass(frozen=True)
class Expectation:
    """Expected failures among the ``problems`` of one kind in one stage, in ``[low, high]`` at ``confidence``."""

    stage: int
    kind: ParameterKind
    problems: int
    mean: float
    low: float
    high: float
    confidence: float


def expected_failures(
    families: Sequence[ProblemFamily], *, trials: int = 2**18, confidence: float = 0.99, seed: int = 0
) -> tuple[Expectation, ...]:
    """Expected number of failures by stage and kind: the sum of marginal failure probabilities.

    Args:
        families: problems by stage and kind, from ``Construction.families``.
        trials: pools drawn for a stage and kind on average, in proportion to the root of its number of problems;
            their targets are drawn from the stage's own.
        confidence: that all intervals hold together.
        seed: of the trials.

    Returns:
        Means with exact intervals; no smoothness or monotonicity is used.
    """
    level = (1.0 - confidence) / max(1, len(families))
    shares = _shares(families, trials)
    return tuple(expectation(part, share, 1.0 - level, seed) for part, share in zip(families, shares, strict=True))


def counted_parts(
    parts: Sequence[ProblemFamily], conditional: bool, trials: int, repeats: int, confidence: float, seed: int
) -> list[tuple[Expectation, Estimate]]:
    """Expected failures and success of each part, all limits holding together at ``confidence``.

    Args:
        parts: problems by stage and kind.
        conditional: ``False`` gives the product of marginals, which is wrong where problems share w: a control.
        trials: pools drawn for a stage and kind on average, as in ``expected_failures``.
        repeats: pools per problem and draw of w.
        confidence: of all limits; exact (Clopper-Pearson; empirical Bernstein for ``repeats > 1``), except that
            independent pools with more than 12 different targets use that p does not fall with ``|z|``.
        seed: of the trials.
    """
    level = (1.0 - confidence) / max(1, len(parts))
    results: list[tuple[Expectation, Estimate]] = []
    for part, share in zip(parts, _shares(parts, trials), strict=True):
        # An eighth of the trials is enough to tell rare failures from others.
        expected = expectation(part, max(1, share // 8), 1.0 - level / 2.0, seed)
        if part.shared is not None and conditional:
            success = _shared_success(part, expected, share, repeats, level / 2.0, seed)
        else:
            success = independent_success(part, share, level / 2.0, seed)
        results.append((expected, success))
    return results


def _shares(parts: Sequence[ProblemFamily], trials: int) -> list[int]:
    """``trials`` a part on average, shared out so that the sum of ``problems / trials`` is least."""
    roots = [math.sqrt(part.problems) for part in parts]
    return [max(1, round(trials * len(parts) * root / sum(roots))) for root in roots]


def expectation(part: ProblemFamily, trials: int, confidence: float, seed: int) -> Expectation:
    """Expected failures of one part, with exact limits."""
    mean = _failure(part, part.targets, trials, confidence, seed)
    p, low, high = (part.problems * value for value in (mean.p, mean.low, mean.high))
    return Expectation(part.stage, part.kind, part.problems, p, low, high, confidence)


def _failure(part: ProblemFamily, targets: Values, trials: int, confidence: float, seed: int) -> Estimate:
    return failure_probability(
        part.n, targets, part.eps, part.marginal(), trials=trials, seed=seed, confidence=confidence,
        symmetric=part.law.symmetric,
    )  # fmt: skip


def _shared_success(
    part: ProblemFamily, expected: Expectation, trials: int, repeats: int, level: float, seed: int
) -> Estimate:
    """``prod_i E_w prod_theta (1 - p(theta | w))^copies`` for a stage, inputs and all."""
    if expected.mean < RARE:
        expected = expectation(part, trials, 1.0 - level, seed)
    union = max(0.0, 1.0 - expected.high)
    if expected.mean < RARE:
        return Estimate(math.exp(-expected.mean), union, 1.0, 1.0 - level, trials)
    draws = max(100, trials // (part.problems * repeats))
    generator = stream(seed, "product-formula", part.stage, part.kind)
    found = simulated(part, draws, repeats, generator)
    if repeats == 1:
        low, high = clopper_pearson(int(found.sum()), draws, 1.0 - level)
    else:
        low, high = empirical_bernstein(found, 1.0 - level)
    return Estimate(float(found.mean()), max(low, union), high, 1.0 - level, draws * part.problems * repeats)


def simulated(part: ProblemFamily, draws: int, repeats: int, generator: np.random.Generator) -> Values:
    """``draws`` independent unbiased estimates in [0, 1] of the stage's success, each with its own shared factors."""
    assert part.shared is not None
    groups, group = np.unique(part.group, return_inverse=True)
    pools = part.copies * repeats
    size = max(1, CHUNK // (part.problems * repeats))
    found: list[Values] = []
    for start in range(0, draws, size):
        rows = min(size, draws - start)
        factors = part.shared(generator, rows * groups.size).reshape(rows, groups.size, part.sides, 1, part.n)
        shape = (rows, group.size, part.sides, pools)
        pool = part.law.sample(generator, (*shape, part.n)) * (part.scale * factors[:, group])
        target = np.broadcast_to(part.targets[:, None, None], shape)
        solved = solve(pool, target, eps=part.eps, objective="cardinality").reached.sum(axis=-1)
        powers: Values = np.asarray(special.comb(solved, part.copies) / special.comb(pools, part.copies))
        found.append(powers.prod(axis=(1, 2)))
    return np.concatenate(found)


def independent_success(part: ProblemFamily, trials: int, level: float, seed: int) -> Estimate:
    """``prod (1 - p)^copies`` over independent pools, their targets in bins of similar size."""
    bins = _bins(part, trials, seed)
    each = 1.0 - level / (2 * len(bins))
    p = low = high = 0.0
    for targets in bins:
        count = targets.size * part.copies * part.sides
        mean = _failure(part, targets, trials, each, seed)
        same = np.ptp(targets) == 0.0
        worst = mean.high if same else _worst(part, targets, trials // 8, each, seed)
        p += count * _log_success(mean.p)
        # log(1 - x) is concave: at most its value at the mean, at least the chord from 0 to the worst.
        high += count * _log_success(mean.low)
        low += count * _log_success(worst) * (1.0 if same else min(1.0, mean.high / worst))
    return Estimate(math.exp(p), math.exp(low), math.exp(high), 1.0 - level, trials * len(bins))


def _worst(part: ProblemFamily, targets: Values, trials: int, confidence: float, seed: int) -> float:
    """Upper limit of the failure probabilities in a bin: that of its largest target, where the law is symmetric."""
    return _failure(part, targets[-1:], trials, confidence, seed).high if part.law.symmetric else 1.0


def _log_success(p: float) -> float:
    return math.log1p(-p) if p < 1.0 else -math.inf


def _bins(part: ProblemFamily, trials: int, seed: int) -> list[Values]:
    sizes = np.sort(np.abs(part.targets)) if part.law.symmetric else np.sort(part.targets)
    values, counts = np.unique(sizes, return_counts=True)
    if values.size <= FEW:
        return [np.full(count, value) for value, count in zip(values, counts, strict=True)]
    largest = _failure(part, sizes[-1:], trials // 8, 0.99, seed + 1)
    return [sizes] if largest.high < 0.02 else np.array_split(sizes, BINS)
