"""What the product formula predicts for a construction, before any source is drawn.

Theorem. Given the univariate weights ``w`` and the constants ``c``, all subset-sum problems of a construction have
independent outgoing weights, so with ``p(theta | w)`` the probability that a pool misses its target
``P(success) = prod_stages E_w[ prod_theta (1 - p(theta | w))^copies ]``; the inner expectation factorises over the
inputs of a stage, whose ``w_i`` are independent, and a kinked univariate layer has two factors a parameter (the sums
over w > 0 and over w < 0). Problems on copies have independent pools and need no condition; the biases of a stage
share its constants. The product of marginals ``prod (1 - E_w p)^copies`` is a different, smaller number where
problems share w, by Jensen. Expected failure counts need marginals only.

Left out: biases of a univariate stage whose activation has an intercept. Their targets ``b - d sum v`` depend on the
subsets that the weights chose; a prediction then covers the other problems, and ``left_out`` says so.

Two ways to the factors: estimates with small intervals under a stated assumption (``sltk.construct.predict.parts``),
and plain counting with limits that are exact at any confidence (``sltk.construct.predict.counting``).

Source: derived for this project and provable as stated; checked by its statistical test.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sltk.construct.pools.problems import ProblemFamily, joined
from sltk.construct.predict.counting import Expectation, counted_parts, expectation, independent_success, simulated
from sltk.construct.predict.parts import SharedRows, bracket, mean_failure, shared_rows
from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.core.statistics.stats import empirical_bernstein
from sltk.subset_sum.probability import Estimate
from sltk.subset_sum.splitting import student_radius

DRAWS = 3000
COUNTED = 2**15  # pools for what has to be counted after all
WIDE = 0.02  # between the least and the largest success that a number of expected failures allows


@dataclass(frozen=True)
class Prediction:
    """Probability that every problem is solved, in ``[low, high]`` at ``confidence``.

    Attributes:
        p: estimate by the product formula.
        parts: ``(expectation, success)`` of each kind of problem in each stage; p is the product of the successes.
        left_out: problems that the formula does not cover, in words.
    """

    p: float
    low: float
    high: float
    confidence: float
    parts: tuple[tuple[Expectation, Estimate], ...]
    left_out: tuple[str, ...]


def predict_success(
    families: Sequence[ProblemFamily],
    left_out: tuple[str, ...] = (),
    *,
    draws: int = DRAWS,
    trials: int | None = None,
    conditional: bool = True,
    repeats: int = 1,
    confidence: float = 0.99,
    seed: int = 0,
    folder: Path | None = None,
) -> Prediction:
    """Probability that a construction leaves no failure, by the conditional product formula.

    Without ``trials``: parts that share factors are averaged over ``draws`` of them, all parts row by row, with an
    empirical Bernstein interval for the mean; what tells a row's estimate from its success is added to the limits as it
    is measured. Parts with independent pools are split, and their limits are Student's. See the two modules for what
    that assumes. Where a law is not symmetric, or what is added is over .02, pools are counted.

    Args:
        families, left_out: problems by stage and kind, and what they do not cover, from ``Construction.families``.
        draws: of the factors that problems share.
        trials: count instead: so many pools for a stage and kind on average, with limits that are exact.
        conditional, repeats: of ``counted_parts``, where pools are counted.
        confidence: of the interval.
        seed: of the trials.
        folder: where estimates are kept by their content, and found again.

    Raises:
        SltkError: fewer than two draws; ``conditional=False`` without trials.
    """
    parts = tuple(families)
    if trials is None and (draws < 2 or not conditional or repeats != 1):
        raise SltkError(
            f"a prediction that is not counted needs draws >= 2, conditional=True and repeats=1, but got "
            f"draws={draws}, conditional={conditional}, repeats={repeats}; pass trials=2**17 to count pools."
        )
    if conditional:
        parts, apart = joined(parts)
        left_out += apart
    if trials is None:
        return _estimated(parts, left_out, draws, confidence, seed, folder)
    results = tuple(counted_parts(parts, conditional, trials, repeats, confidence, seed))
    p, low, high = (math.prod(getattr(s, name) for _, s in results) for name in ("p", "low", "high"))
    return Prediction(p, low, high, confidence, results, left_out)


def _estimated(
    parts: Sequence[ProblemFamily], left_out: tuple[str, ...], draws: int, confidence: float, seed: int,
    folder: Path | None,
) -> Prediction:  # fmt: skip
    alone = sum(part.shared is None for part in parts)
    level = (1.0 - confidence) / max(1, alone + (alone < len(parts)))
    together, results = SharedRows.none(draws), list[tuple[Expectation, Estimate]]()
    p = low = high = 1.0
    for part in parts:
        if part.shared is None:
            found = independent_part(part, level, seed, folder)
            p, low, high = p * found[1].p, low * found[1].low, high * found[1].high
        else:
            rows = _rows(part, draws, seed, folder)
            together, found = together.and_of(rows), _described(part, rows, level)
        results.append(found)
    joint = _success(together, level) if alone < len(parts) else Estimate(1.0, 1.0, 1.0, confidence, 0)
    return Prediction(p * joint.p, low * joint.low, high * joint.high, confidence, tuple(results), left_out)


def independent_part(part: ProblemFamily, level: float, seed: int, folder: Path | None) -> tuple[Expectation, Estimate]:
    """Expected failures and success of problems with independent pools; the limits err with probability ``level``."""
    rare, count = mean_failure(part, 1.0 - level, seed, folder), part.problems
    mean, low, high = (count * value for value in (rare.p, rare.low, rare.high))
    expected = Expectation(part.stage, part.kind, count, mean, low, high, 1.0 - level)
    least, most = bracket(mean, part.copies * part.sides)
    if most - least > WIDE:
        return expected, independent_success(part, COUNTED, level, seed)
    lowest, highest = bracket(high, part.copies * part.sides)[0], bracket(low, part.copies * part.sides)[1]
    return expected, Estimate((least + most) / 2.0, lowest, highest, 1.0 - level, rare.trials)


def _rows(part: ProblemFamily, draws: int, seed: int, folder: Path | None) -> SharedRows:
    if part.law.symmetric:
        rows = shared_rows(part, draws, seed, folder)
        if max(rows.below, rows.above) <= WIDE:
            return rows
    found = simulated(part, draws, 1, stream(seed, "product-formula", part.stage, part.kind))
    return SharedRows(found, expectation(part, COUNTED, 0.99, seed).mean + 0.0 * found, 0.0, 0.0)


def _described(part: ProblemFamily, rows: SharedRows, level: float) -> tuple[Expectation, Estimate]:
    mean, radius = float(rows.failures.mean()), student_radius(rows.failures, 1.0 - level)
    low, high = max(0.0, mean - radius), mean + radius
    return Expectation(part.stage, part.kind, part.problems, mean, low, high, 1.0 - level), _success(rows, level)


def _success(rows: SharedRows, level: float) -> Estimate:
    low, high = empirical_bernstein(rows.success, 1.0 - level)
    low, high = max(0.0, low - rows.below), min(1.0, high + rows.above)
    middle = float(rows.success.mean()) + (rows.above - rows.below) / 2.0
    return Estimate(min(max(middle, low), high), low, high, 1.0 - level, rows.success.size)
