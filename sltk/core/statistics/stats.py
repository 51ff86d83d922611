"""Exact statistics: intervals and tests whose error probabilities are computed, not approximated."""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.statistics import binomial

special = later("scipy.special")

_LARGEST_SAMPLE = 2**40


class ConfidenceInterval(NamedTuple):
    """Confidence limits ``low <= high``."""

    low: float
    high: float


@dataclass(frozen=True)
class ProportionTest:
    """Outcome of ``test_proportion``; ``rejected`` exactly where ``p_value <= false_alarm``."""

    successes: int
    trials: int
    p_low: float
    p_high: float
    false_alarm: float
    p_value: float

    @property
    def rejected(self) -> bool:
        """Whether the data refute ``p_low <= p <= p_high``."""
        return self.p_value <= self.false_alarm


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> ConfidenceInterval:
    """Two-sided limits that hold a binomial proportion with probability at least ``confidence``, whatever it is.

    Each side errs with probability at most ``(1 - confidence)/2``: ``low`` solves ``P(Bin(n, low) >= s)`` equal to
    it, ``high`` solves ``P(Bin(n, high) <= s)``.

    Args:
        successes: ``0 <= successes <= trials``.
        trials: number of independent trials; 0 gives ``(0, 1)``.
        confidence: in ``(0, 1)``.

    Returns:
        The limits, to about ``1e-12`` relative.

    Raises:
        SltkError: an argument out of range.

    Source: Clopper, Pearson, Biometrika 26 (1934) 404.
    """
    s, n = _require_counts(successes, trials)
    side = (1.0 - _require_open("confidence", confidence)) / 2.0
    low = 0.0 if s == 0 else float(special.betaincinv(s, n - s + 1, side))
    high = 1.0 if s == n else float(special.betainccinv(s + 1, n - s, side))
    return ConfidenceInterval(low, high)


def test_proportion(successes: int, trials: int, p_low: float, p_high: float, false_alarm: float) -> ProportionTest:
    """Exact test of ``p_low <= p <= p_high``, rejecting a true one with probability at most ``false_alarm``.

    Each side gets ``false_alarm/2``: the p-value is twice the smaller of ``P(Bin(n, p_high) >= s)`` and
    ``P(Bin(n, p_low) <= s)``, at most 1. See ``false_alarm`` and ``power`` for the exact probabilities.

    Raises:
        SltkError: an argument out of range.
    """
    s, n = _require_counts(successes, trials)
    _require_null(p_low, p_high)
    _require_open("false_alarm", false_alarm)
    tail = min(binomial.upper_tail(n, s, p_high).item(), binomial.lower_tail(n, s, p_low).item())
    return ProportionTest(s, n, p_low, p_high, false_alarm, min(1.0, 2.0 * tail))


test_proportion.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it by its name


def power(trials: int, p: float, p_low: float, p_high: float, false_alarm: float) -> float:
    """Probability that ``test_proportion`` rejects ``[p_low, p_high]`` where the truth is ``p``; exact.

    Raises:
        SltkError: an argument out of range.
    """
    _, n = _require_counts(0, trials)
    _require_null(p_low, p_high)
    _require_null(p, p)
    side = _require_open("false_alarm", false_alarm) / 2.0
    return float(binomial.rejection(np.array([n]), p, p_low, p_high, side)[0])


def exact_false_alarm(trials: int, p_low: float, p_high: float, false_alarm: float) -> float:
    """Largest probability that ``test_proportion`` rejects a true null; at most ``false_alarm``.

    As a function of ``p`` it falls, then rises (its derivative changes sign once), so an end has the largest.
    """
    return max(power(trials, p, p_low, p_high, false_alarm) for p in (p_low, p_high))


def sample_size(p0: float, p1: float, false_alarm: float, power: float) -> int:
    """Fewest trials at which ``test_proportion`` of ``p = p0`` rejects with probability ``power`` where ``p = p1``.

    The power has teeth: some larger numbers of trials fall short of it again. The search starts where the best
    randomised one-sided test, whose power does not fall with n, plus what the other side can add, reaches it.

    Raises:
        SltkError: ``p0 = p1``, an argument out of range, or more than ``2^40`` trials needed.
    """
    _require_null(p0, p0)
    _require_null(p1, p1)
    _require_open("power", power)
    side = _require_open("false_alarm", false_alarm) / 2.0
    if p0 == p1:
        raise SltkError(f"no sample tells p0={p0} from p1={p1}; give two different proportions.")
    q0, q1 = (p0, p1) if p0 < p1 else (1.0 - p0, 1.0 - p1)
    start = _first_size(lambda n: binomial.randomised_power(n, q0, q1, side) + side >= power)
    while True:
        sizes = np.arange(start, start + 1024)
        enough = np.flatnonzero(binomial.rejection(sizes, p1, p0, p0, side) >= power)
        if enough.size:
            return int(sizes[enough[0]])
        start += 1024


def hoeffding(values: ArrayLike, confidence: float = 0.95) -> ConfidenceInterval:
    """Limits ``mean +- sqrt(ln(2/a) / (2n))``, ``a = 1 - confidence``, for the mean of [0, 1] variables.

    Args:
        values: ``(n,)`` independent, in ``[0, 1]``, ``n >= 1``.
        confidence: in ``(0, 1)``.

    Source: Hoeffding, JASA 58 (1963) 13, theorem 2, both sides (remembered).
    """
    x = _require_unit(values, 1)
    alpha = 1.0 - _require_open("confidence", confidence)
    return _clipped(float(x.mean()), math.sqrt(math.log(2.0 / alpha) / (2.0 * x.size)))


def empirical_bernstein(values: ArrayLike, confidence: float = 0.95) -> ConfidenceInterval:
    """Limits ``mean +- (sqrt(2 V ln(4/a) / n) + 7 ln(4/a) / (3 (n - 1)))``, ``V`` the sample variance.

    It beats ``hoeffding`` where the variance is small. ``a = 1 - confidence``, half of it for each side.

    Args:
        values: ``(n,)`` independent, of one law on ``[0, 1]``, ``n >= 2``.
        confidence: in ``(0, 1)``.

    Source: Maurer, Pontil, COLT 2009 (0907.3740), theorem 4, once for each side (remembered).
    """
    x = _require_unit(values, 2)
    log = math.log(4.0 / (1.0 - _require_open("confidence", confidence)))
    radius = math.sqrt(2.0 * float(x.var(ddof=1)) * log / x.size) + 7.0 * log / (3.0 * (x.size - 1))
    return _clipped(float(x.mean()), radius)


def dkw_radius(trials: int, false_alarm: float) -> float:
    """``r = sqrt(ln(2/a) / (2n))``: ``sup |F_n - F| > r`` has probability at most ``a``, for every cdf ``F``.

    Source: Massart, Annals of Probability 18 (1990) 1269, with the constant 2 (remembered).
    """
    _, n = _require_counts(0, trials)
    if n == 0:
        raise SltkError("dkw_radius needs trials >= 1, but got trials=0; draw a sample first.")
    return math.sqrt(math.log(2.0 / _require_open("false_alarm", false_alarm)) / (2.0 * n))


def kolmogorov_distance(values: ArrayLike, cdf: Callable[[NDArray[np.float64]], ArrayLike]) -> float:
    """``sup_x |F_n(x) - F(x)|`` of a sample ``(n,)`` against a continuous ``cdf``, ``n >= 1``."""
    x = np.sort(np.asarray(values, dtype=np.float64).reshape(-1))
    if x.size == 0:
        raise SltkError("kolmogorov_distance needs a sample of one value at least, but got an empty one.")
    expected, steps = np.asarray(cdf(x)), np.arange(x.size + 1) / x.size
    return float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))


@dataclass
class FalseAlarmLedger:
    """Declared false-alarm probabilities of a set of tests; by the union bound one of them errs at most at ``total``.

    Args:
        budget: what ``total`` may reach.
    """

    budget: float = 1e-6
    declared: dict[str, float] = field(default_factory=dict[str, float])

    def declare(self, name: str, probability: float) -> None:
        """Enter the test ``name``.

        Raises:
            SltkError: it is there already, or ``probability`` is not in ``[0, 1]``.
        """
        if type(probability) not in (int, float) or not 0.0 <= probability <= 1.0:
            raise SltkError(f"a false-alarm probability must lie in [0, 1], but {name!r} declares {probability!r}.")
        if name in self.declared:
            raise SltkError(f"{name!r} has declared its false alarm already; declare each test once.")
        self.declared[name] = float(probability)

    @property
    def total(self) -> float:
        """Sum of what is declared."""
        return math.fsum(self.declared.values())

    def require_within(self) -> None:
        """Raise SltkError, naming the largest entries, where ``total`` exceeds ``budget``."""
        if self.total > self.budget:
            largest = sorted(self.declared.items(), key=lambda entry: -entry[1])[:3]
            raise SltkError(
                f"the declared false alarms add up to {self.total:.3g}, over the budget of {self.budget:.3g}; the "
                f"largest are {', '.join(f'{name} ({value:.3g})' for name, value in largest)}. Lower some of them."
            )


def _first_size(enough: Callable[[int], bool]) -> int:
    low, high = 0, 1
    while not enough(high):
        low, high = high, 2 * high
        if high > _LARGEST_SAMPLE:
            raise SltkError(
                "the proportions are too close: more than 2**40 trials are needed. Take them further apart."
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _clipped(mean: float, radius: float) -> ConfidenceInterval:
    return ConfidenceInterval(max(0.0, mean - radius), min(1.0, mean + radius))


def _require_counts(successes: int, trials: int) -> tuple[int, int]:
    try:
        s, n = operator.index(successes), operator.index(trials)
    except TypeError:
        raise SltkError(
            f"successes and trials must be integers, but got {successes!r}, {trials!r}; count them."
        ) from None
    if not 0 <= s <= n:
        raise SltkError(f"needs 0 <= successes <= trials, but got successes={s}, trials={n}.")
    return s, n


def _require_null(p_low: float, p_high: float) -> None:
    if not 0.0 <= p_low <= p_high <= 1.0:
        raise SltkError(f"needs proportions 0 <= p_low <= p_high <= 1, but got p_low={p_low}, p_high={p_high}.")


def _require_open(name: str, value: float) -> float:
    if not 0.0 < value < 1.0:
        raise SltkError(f"{name} must lie strictly between 0 and 1, but got {value}; write 95% as 0.95.")
    return float(value)


def _require_unit(values: ArrayLike, fewest: int) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=np.float64).reshape(-1)
    if x.size < fewest or not np.all((x >= 0.0) & (x <= 1.0)):
        raise SltkError(
            f"needs at least {fewest} values in [0, 1], but got {x.size} of them"
            + (f" from {x.min()} to {x.max()}; rescale them." if x.size else "; measure some.")
        )
    return x
