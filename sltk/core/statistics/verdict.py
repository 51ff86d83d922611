"""Verdicts on claims: ``consistent``, ``refuted`` or ``inconclusive``, by a rule that is fixed before measuring.

The rule. A plan states a null hypothesis (what the claim says), a false alarm, an alternative, a power and from them
the number of trials. Then

- ``refuted``: an exact test rejects the null hypothesis; of a true claim this has at most the declared probability;
- ``consistent``: it does not, and the alternative is ruled out: either the test would have rejected with the stated
  power had the alternative been true, or the confidence interval does not reach the alternative;
- ``inconclusive``: it does not, but the alternative may be true as well.

A verdict is given at the planned number of trials and at no other: looking in between would spend the false alarm
more than once. Declared false alarms of several plans add up in ``sltk.core.statistics.stats.FalseAlarmLedger``.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.statistics import stats
from sltk.core.statistics.stats import ConfidenceInterval

Conclusion = Literal["consistent", "refuted", "inconclusive"]

FALSE_ALARM = 1e-9
POWER = 1.0 - 1e-9
SHOWN = 0.99  # confidence of the intervals that are printed; the tests have their own levels


@dataclass(frozen=True)
class Verdict:
    """Outcome of a plan.

    Attributes:
        outcome: by the rule of this module.
        measured: the quantity that was measured, in ``interval`` at confidence .99.
        p_value: of the test, where it has one.
        false_alarm: declared probability of ``refuted`` where the claim is true.
        power: probability that the verdict is not ``consistent`` where the alternative is true, at least.
        reason: the outcome in words.
    """

    outcome: Conclusion
    measured: float
    interval: ConfidenceInterval
    p_value: float | None
    false_alarm: float
    power: float
    reason: str


class Design(Protocol):
    """A test that is fixed in advance."""

    @property
    def trials(self) -> int:
        """Trials to be made, no more and no fewer."""
        ...

    @property
    def false_alarm(self) -> float:
        """Declared probability of refuting a true claim."""
        ...

    def judge(self, observed: Mapping[str, Any]) -> Verdict:
        """The verdict on merged observations."""
        ...


def merge(observations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Observations of several blocks of trials as one.

    Numbers and lists add up; what is called ``largest...`` keeps its maximum.

    Raises:
        SltkError: no observations, or observations with different names.
    """
    blocks = list(observations)
    if not blocks or any(set(block) != set(blocks[0]) for block in blocks):
        raise SltkError(
            f"merge needs at least one observation, all with the same names, but got {[sorted(b) for b in blocks]}."
        )
    return {name: _joined(name, [block[name] for block in blocks]) for name in sorted(blocks[0])}


def _joined(name: str, values: list[Any]) -> Any:
    if name.startswith("largest"):
        return max(values)
    return np.sum([np.asarray(v) for v in values], axis=0).tolist()


@dataclass(frozen=True)
class Proportion:
    """Exact binomial test of ``low <= p <= high``; one-sided where the null reaches an end of [0, 1].

    Observes ``successes`` and ``trials``; a one-sided p-value is cut at 1/2. The number of trials is the first found
    at which ``alternative`` is refused with probability ``power``.

    Args:
        low: least probability that the claim allows.
        high: largest probability that it allows.
        alternative: a probability outside, which must not be missed.
        false_alarm: largest probability of refusing a true null.
        power: probability of refusing ``alternative``.
        fixed: take this number of trials instead, whatever its power.
        null_alarm: probability, counted in ``false_alarm``, that the claim's number is not in ``[low, high]``, where
            that interval is itself an estimate.
    """

    low: float
    high: float
    alternative: float
    false_alarm: float = FALSE_ALARM
    power: float = POWER
    fixed: int | None = None
    null_alarm: float = 0.0

    def __post_init__(self) -> None:
        if self.low <= self.alternative <= self.high:
            raise SltkError(
                f"the alternative must lie outside the null, but {self.alternative} is in [{self.low}, {self.high}]; "
                "state what the test must be able to refuse."
            )

    @property
    def trials(self) -> int:
        """Least number found that has the stated power, or the fixed one."""
        return self.fixed if self.fixed is not None else _trials(self)

    @property
    def level(self) -> float:
        """False alarm handed to the two-sided test; a one-sided null has no use for the other half."""
        own = self.false_alarm - self.null_alarm
        return min(2.0 * own, 0.5) if self._one_sided else own

    @property
    def _one_sided(self) -> bool:
        return self.low <= 0.0 or self.high >= 1.0

    def power_at(self, trials: int) -> float:
        """Exact probability of refusing the alternative."""
        return stats.power(trials, self.alternative, self.low, self.high, self.level)

    def judge(self, observed: Mapping[str, Any]) -> Verdict:
        """See the module."""
        trials = _planned(observed, self.trials)
        successes = int(observed["successes"])
        test = stats.test_proportion(successes, trials, self.low, self.high, self.level)
        p_value = test.p_value / 2.0 if self._one_sided else test.p_value
        reached = self.power_at(trials)
        said = f"{successes} of {trials} against [{self.low:.6g}, {self.high:.6g}], p-value {p_value:.2g}"
        outcome = _outcome(test.rejected, reached >= self.power)
        interval = stats.clopper_pearson(successes, trials, SHOWN)
        share = successes / trials
        return Verdict(outcome, share, interval, p_value, self.false_alarm, reached, said)


@dataclass(frozen=True)
class Never:
    """A bound that must never be violated: one violation refutes it, and a true bound has none.

    Observes ``violations``, ``trials`` and ``largest_ratio``, the largest of measured over allowed.

    Args:
        share: violations at this rate must not be missed.
        power: probability of seeing one then.
        fixed: take this number of trials instead, whatever its power.
    """

    share: float = 0.05
    power: float = POWER
    fixed: int | None = None

    @property
    def trials(self) -> int:
        """Least ``T`` with ``1 - (1 - share)^T >= power``, or the fixed number."""
        return self.fixed or math.ceil(math.log(1.0 - self.power) / math.log1p(-self.share))

    @property
    def false_alarm(self) -> float:
        """A true bound is not violated, by chance or otherwise."""
        return 0.0

    def judge(self, observed: Mapping[str, Any]) -> Verdict:
        """See the module."""
        trials = _planned(observed, self.trials)
        violations, ratio = int(observed["violations"]), float(observed["largest_ratio"])
        reason = f"{violations} violations in {trials}, largest measured over allowed {ratio:.6g}"
        power = 1.0 - (1.0 - self.share) ** trials
        outcome = _outcome(violations > 0, power >= self.power)
        interval = stats.clopper_pearson(violations, trials, SHOWN)
        return Verdict(outcome, violations / trials, interval, None, 0.0, power, reason)


@dataclass(frozen=True)
class Mean:
    """Test of ``low <= E X <= high`` for ``X`` in ``[0, largest]``, by an empirical Bernstein interval.

    Observes ``sum``, ``squares`` and ``trials``. Consistent only where the interval does not reach ``alternative``.

    Args:
        low: least mean that the claim allows.
        high: largest mean that it allows.
        largest: a value that ``X`` never exceeds.
        alternative: a mean outside.
        trials: number of trials.
        false_alarm: one minus the confidence of the interval.
    """

    low: float
    high: float
    largest: float
    alternative: float
    trials: int
    false_alarm: float = FALSE_ALARM

    def judge(self, observed: Mapping[str, Any]) -> Verdict:
        """See the module."""
        trials = _planned(observed, self.trials)
        moments = float(observed["sum"]), float(observed["squares"])
        mean, radius = bernstein(*moments, trials, self.largest, self.false_alarm)
        _, shown = bernstein(*moments, trials, self.largest, 1.0 - SHOWN)
        refused = mean + radius < self.low or mean - radius > self.high
        said = f"mean {mean:.6g} +- {radius:.2g} against [{self.low:.6g}, {self.high:.6g}]"
        outcome = _outcome(refused, abs(mean - self.alternative) > radius)
        limits = ConfidenceInterval(mean - shown, mean + shown)
        return Verdict(outcome, mean, limits, None, self.false_alarm, 1.0 - self.false_alarm, said)


@dataclass(frozen=True)
class Slope:
    r"""Growth of ``n`` in ``x = ln(1/eps)``: at most linear, against a convex alternative.

    A trial gives ``n`` at every x, from 0 to ``largest``. The slope is that of the least-squares line; the curvature
    is the coefficient ``q`` of ``x^2`` in the least-squares parabola. Both are means of one contrast a trial, so an
    empirical Bernstein interval holds for either, whatever the dependence between the values of one trial.
    Null: ``q <= straight``. Alternative: ``q >= convex``; for ``n = k x^2`` it is ``q = k``.
    Observes ``sums`` (of n, by x), ``products`` (of pairs), ``censored`` (values cut at ``largest``) and ``trials``.

    Args:
        x: where n is measured, at least four values, increasing.
        largest: values are cut there.
        straight: largest curvature that counts as none.
        convex: a curvature that must not be missed.
        trials: number of trials.
        false_alarm: of the test of the curvature.
    """

    x: tuple[float, ...]
    largest: float
    straight: float
    convex: float
    trials: int
    false_alarm: float = FALSE_ALARM

    def judge(self, observed: Mapping[str, Any]) -> Verdict:
        """See the module."""
        trials = _planned(observed, self.trials)
        (_, slope), (_, _, curved) = _contrasts(self.x, 1), _contrasts(self.x, 2)
        q, radius = self._contrast(curved, observed, self.false_alarm)
        rise, shown = self._contrast(slope, observed, 1.0 - SHOWN)
        cut = int(observed["censored"])
        said = f"slope {rise:.4g} +- {shown:.2g}, curvature {q:.3g} +- {radius:.2g}, {cut} of {trials} trials cut"
        # A value that is cut lowers the end of the curve: it can hide convexity and cannot feign it.
        outcome = _outcome(q - radius > self.straight, q + radius < self.convex and cut == 0)
        limits = ConfidenceInterval(rise - shown, rise + shown)
        return Verdict(outcome, rise, limits, None, self.false_alarm, 1.0 - self.false_alarm, said)

    def _contrast(self, weights: np.ndarray, observed: Mapping[str, Any], alarm: float) -> tuple[float, float]:
        total = float(weights @ np.asarray(observed["sums"], dtype=float))
        squares = float(weights @ np.asarray(observed["products"], dtype=float) @ weights)
        return bernstein(total, squares, int(observed["trials"]), self.largest * float(np.abs(weights).sum()), alarm)


def _contrasts(x: tuple[float, ...], degree: int) -> np.ndarray:
    return np.linalg.pinv(np.vander(np.asarray(x, dtype=float), degree + 1, increasing=True))


def bernstein(total: float, squares: float, trials: int, width: float, alarm: float) -> tuple[float, float]:
    """Mean and radius of ``stats.empirical_bernstein`` from sums.

    Args:
        total: sum of the values.
        squares: sum of their squares.
        trials: number of values, at least 2.
        width: of an interval that holds every value.
        alarm: one minus the confidence of ``mean +- radius``.
    """
    mean = total / trials
    variance = max(0.0, (squares - trials * mean * mean) / (trials - 1))
    log = math.log(4.0 / alarm)
    return mean, math.sqrt(2.0 * variance * log / trials) + 7.0 * width * log / (3.0 * (trials - 1))


def _outcome(rejected: bool, powerful: bool) -> Conclusion:
    if rejected:
        return "refuted"
    return "consistent" if powerful else "inconclusive"


def _planned(observed: Mapping[str, Any], trials: int) -> int:
    if int(observed["trials"]) != trials:
        raise SltkError(
            f"the plan fixes {trials} trials, but {observed['trials']} were made; a verdict at another number would "
            "not have the declared false alarm. Finish the measurement, or make a new plan before a new one."
        )
    return trials


_LARGEST = 2**24
_known: dict[Proportion, int] = {}


def _trials(plan: Proportion) -> int:
    if plan not in _known:
        _known[plan] = _first_with_power(plan)
    return _known[plan]


def _first_with_power(plan: Proportion) -> int:
    low, high = 0, 1
    while plan.power_at(high) < plan.power:
        low, high = high, 2 * high
        if high > _LARGEST:
            raise SltkError(f"{plan} needs over 2^24 trials; take the alternative further from the null.")
    while high - low > 1:  # the power has teeth: this ends at a crossing, not always the first
        middle = (low + high) // 2
        low, high = (low, middle) if plan.power_at(middle) >= plan.power else (middle, high)
    return high
