r"""Success of given sources, each by its own univariate weights and constants, and whether what was seen agrees.

Theorem. Given the univariate weights and the constants of a source, all its subset-sum problems are independent, so it
holds the network with probability ``P_s = prod_theta (1 - p(theta | w_s, c_s))^copies``, which differs from source to
source. Sources of different seeds are independent, so the number of successes has the Poisson-binomial law of the P_s,
which is narrower than the binomial law of their mean.

Estimate. ``L_s``, the expected failures given what source s shares, is the mean of trials
(``sltk.construct.predict.given``), and ``P_s = exp(-L_s)`` times the success of the independent pools, which is that of
all sources. Limits: the number of successes depends on the ``P_s`` through their sum first of all. So the limits are
those of the sum, laid on the sources in proportion to the variance of each: the direction in which errors of that size
move the sum most. Assumed: errors of the sources are independent, and their sum is nearly normal, as a sum over forty
sources and thousands of trials is. What the exponential and the curvature cost (``L^2 / (2 R)`` at most, and half the
variance) is on the limits too.

Source: derived for this project and provable as stated; checked by its statistical test.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from sltk.construct.construction import Construction
from sltk.construct.pools.problems import ProblemFamily
from sltk.construct.predict.factors import own_factors
from sltk.construct.predict.given import failures_given, fresh
from sltk.construct.predict.kept import content, hashed, kept
from sltk.construct.predict.success import independent_part
from sltk.construct.recipe import Search
from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.statistics.poisson_binomial import SuccessTest, test_successes

special = later("scipy.special")

TRIALS = 1200  # pools a source, shared out over the parts by what they are worth
FEWEST = 64  # of them for a part
PILOT = 300  # pools of each part that only fix how they are shared out


@dataclass(frozen=True)
class SourcePredictions:
    """Success of each of several sources, before their pools are searched.

    Attributes:
        seeds: of the sources.
        p: ``(S,)`` estimates; low, high: ``(S,)``; the expected number of successes lies between their sums with
            ``confidence``.
        confidence: of the limits.
        left_out: problems that are not covered, in words.
    """

    seeds: tuple[int, ...]
    p: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    confidence: float
    left_out: tuple[str, ...]

    def test(self, successes: int, false_alarm: float) -> SuccessTest:
        """The Poisson-binomial test of ``successes`` among these sources.

        A true prediction is refuted with probability at most ``false_alarm`` where the limits hold, and so with
        ``false_alarm + 1 - confidence`` in all.

        Raises:
            SltkError: problems were left out, so that these are no predictions of a whole network's success.
        """
        if self.left_out:
            raise SltkError(
                f"these predictions leave out {'; '.join(self.left_out)}: successes of the whole network are no test "
                "of them. Compare the failures that they cover."
            )
        return test_successes(successes, self.low, self.high, false_alarm)


def predict_sources(
    construction: Construction,
    seeds: Sequence[int],
    search: Search | None = None,
    *,
    trials: int = TRIALS,
    confidence: float = 0.99,
    seed: int = 0,
    folder: Path | None = None,
) -> SourcePredictions:
    """``P(success)`` of the sources of ``seeds``, from their univariate weights and constants alone.

    The weights that subsets choose from are neither read nor searched.

    Args:
        construction: whose sources.
        seeds: of the sources, at least two.
        search: says which parameters are left out.
        trials: pools drawn for each source.
        confidence: of the limits.
        seed: of the trials.
        folder: where estimates are kept by their content.

    Raises:
        SltkError: fewer than two seeds, seeds that repeat, or a law that is not symmetric.
    """
    if len(set(seeds)) != len(seeds) or len(seeds) < 2:
        raise SltkError(f"predict_sources needs two different seeds or more, but got {list(seeds)}.")
    families, left_out = construction.families(search)
    apart = [part for part in families if part.shared is None]
    level = (1.0 - confidence) / (len(apart) + 1)
    common = [independent_part(part, level, seed, folder)[1] for part in apart]
    own = _owned(construction, seeds, families, trials, seed, folder)
    failures, variance, below = np.sum([np.zeros((3, len(seeds))), *map(np.stack, own)], axis=0)
    found = _limits(np.exp(-failures), variance, below, level)
    all_alike = (math.prod(getattr(one, name) for one in common) for name in ("p", "low", "high"))
    p, low, high = (tuple((alike * one).tolist()) for alike, one in zip(all_alike, found, strict=True))
    return SourcePredictions(tuple(seeds), p, low, high, confidence, left_out)


def _limits(p: Values, variance: Values, below: Values, level: float) -> tuple[Values, Values, Values]:
    """Estimates and limits from ``p = exp(-L)`` and the variances of L; see the module."""
    spread, curved = p**2 * variance, 0.5 * p * variance  # E exp(-estimate) exceeds exp(-L) by the latter
    total = math.sqrt(float(spread.sum()))
    shift = float(special.ndtri(1.0 - level / 2.0)) * spread / total if total else np.zeros_like(p)
    least, most = p * np.exp(-below) - curved - shift, p + shift
    return p, np.clip(least, 0.0, p), np.minimum(most, 1.0)


def _owned(
    construction: Construction, seeds: Sequence[int], families: Sequence[ProblemFamily], trials: int, seed: int,
    folder: Path | None,
) -> list[tuple[Values, Values, Values]]:  # fmt: skip
    """Of each shared part and source: expected failures, the variance of that estimate, and ``L^2 / (2 R)``."""
    held = [own_factors(construction.source(one), construction.plan, families) for one in seeds]
    found = list[tuple[Values, Values, Values]]()
    parts = [(k, part) for k, part in enumerate(families) if part.shared is not None]
    for (k, part), count in zip(parts, _shared_out([part for _, part in parts], trials, seed), strict=True):
        own = np.stack([factors for one in held if (factors := one[k]) is not None])
        asked = {"what": "own", "part": content(part), "own": hashed(own), "trials": count, "seed": seed}
        mean, variance = kept(folder, asked, partial(_moments, part, own, count, seed))
        found.append((mean, variance, mean**2 / (2.0 * part.copies)))
    return found


def _moments(part: ProblemFamily, own: Values, trials: int, seed: int) -> Values:
    """Mean of the trials of each source, and the variance of that mean."""

    def factors(_: np.random.Generator, rows: Indices, groups: Indices) -> Values:
        return own[rows[:, None], groups]

    found = failures_given(part, factors, len(own), trials, seed)
    return np.stack([found.mean(axis=1), found.var(axis=1, ddof=1) / trials])


def _shared_out(parts: Sequence[ProblemFamily], trials: int, seed: int) -> list[int]:
    """Trials of each part, in proportion to the spread of one, as a few draws of the factors show it."""
    spread = [float(failures_given(part, fresh(part), PILOT, 1, seed + 1).std()) for part in parts]
    total = sum(spread) or 1.0
    return [max(FEWEST, round(trials * one / total)) for one in spread]
