"""Successes of trials that differ: the Poisson-binomial law, and an exact test of the trials' own probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Values


@dataclass(frozen=True)
class SuccessTest:
    """Outcome of ``test_successes``.

    Attributes:
        successes, trials: what was observed.
        low, high: successes expected under the limits of the null hypothesis.
        false_alarm: largest probability of rejecting a true one.
        p_value: rejected exactly where it is at most ``false_alarm``.
    """

    successes: int
    trials: int
    low: float
    high: float
    false_alarm: float
    p_value: float

    @property
    def rejected(self) -> bool:
        """Whether the observation refutes the probabilities."""
        return self.p_value <= self.false_alarm


def probabilities(p: ArrayLike) -> Values:
    """``P(k of the trials succeed)`` for ``k = 0..m``, trial ``i`` with probability ``p_i``, all independent.

    Args:
        p: ``(m,)`` in ``[0, 1]``.

    Returns:
        ``(m + 1,)``, each to a relative error of about ``2 m 2^-53``: only sums and products of positive numbers.

    Raises:
        SltkError: a number outside ``[0, 1]``.
    """
    found = np.ones(1)
    for one in _checked(p):
        found = np.append(found * (1.0 - one), 0.0) + np.append(0.0, found * one)
    return found


def upper_tail(p: ArrayLike, k: int) -> float:
    """``P(at least k succeed)``."""
    return float(probabilities(p)[max(k, 0) :].sum())


def lower_tail(p: ArrayLike, k: int) -> float:
    """``P(at most k succeed)``."""
    return float(probabilities(p)[: max(k + 1, 0)].sum())


def test_successes(successes: int, low: ArrayLike, high: ArrayLike, false_alarm: float) -> SuccessTest:
    """Exact test of ``low_i <= p_i <= high_i`` for all trials, rejecting a true one with at most ``false_alarm``.

    The number of successes grows with every ``p_i`` (in the stochastic order), so its tails are largest at the limits:
    the p-value is twice the smaller of ``P(at least s | high)`` and ``P(at most s | low)``, at most 1.

    Args:
        successes: ``s``, trials that succeeded.
        low, high: ``(m,)`` limits of each trial's own probability; equal where it is known.
        false_alarm: in ``(0, 1)``.

    Raises:
        SltkError: lengths that differ, ``low > high``, or numbers out of range.
    """
    lows, highs = _limits(low, high)
    if not 0 <= successes <= lows.size or not 0.0 < false_alarm < 1.0:
        raise SltkError(
            f"test_successes needs 0 <= successes <= {lows.size} and 0 < false_alarm < 1, but got "
            f"successes={successes}, false_alarm={false_alarm}."
        )
    tail = min(upper_tail(highs, successes), lower_tail(lows, successes))
    return SuccessTest(
        successes, lows.size, float(lows.sum()), float(highs.sum()), false_alarm, min(1.0, 2.0 * tail)
    )  # fmt: skip


test_successes.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it by its name


def power(truth: ArrayLike, low: ArrayLike, high: ArrayLike, false_alarm: float) -> float:
    """Probability that ``test_successes`` rejects ``[low, high]`` where the probabilities are ``truth``; exact."""
    chances = probabilities(truth)
    lows, highs = _limits(low, high)
    if chances.size != lows.size + 1:
        raise SltkError(f"power needs a truth for each of {lows.size} trials, but got {chances.size - 1}.")
    upper = np.cumsum(probabilities(highs)[::-1])[::-1]
    lower = np.cumsum(probabilities(lows))
    return float(chances[2.0 * np.minimum(upper, lower) <= false_alarm].sum())


def _limits(low: ArrayLike, high: ArrayLike) -> tuple[Values, Values]:
    lows, highs = _checked(low), _checked(high)
    if lows.shape != highs.shape or (lows > highs).any():
        raise SltkError(f"needs low <= high, one of each a trial, but got {lows.size} and {highs.size} of them.")
    return lows, highs


def _checked(p: ArrayLike) -> Values:
    found = np.asarray(p, dtype=np.float64).reshape(-1)
    if not ((found >= 0.0) & (found <= 1.0)).all():
        raise SltkError(f"probabilities must lie in [0, 1], but run from {found.min()} to {found.max()}.")
    return found
