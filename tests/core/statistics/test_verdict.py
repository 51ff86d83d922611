"""Verdicts: the declared false alarm and power are kept exactly, and each rule can come out either way."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.core.statistics import stats
from sltk.core.statistics.stats import FalseAlarmLedger
from sltk.core.statistics.verdict import Mean, Never, Proportion, Slope, merge

ONE_SIDED = Proportion(low=0.9, high=1.0, alternative=0.7, false_alarm=1e-3, power=0.99)
TWO_SIDED = Proportion(low=0.4, high=0.5, alternative=0.7, false_alarm=1e-3, power=0.99)


def refuted_set(plan):
    counts = range(plan.trials + 1)
    return [s for s in counts if plan.judge({"successes": s, "trials": plan.trials}).outcome == "refuted"]


@pytest.mark.parametrize("plan", [ONE_SIDED, TWO_SIDED], ids=["one-sided", "two-sided"])
def test_false_alarm_and_power_by_listing_all_counts(plan):
    """Against scipy's binomial probabilities, summed over the refuted counts."""
    refuted = refuted_set(plan)

    def probability(p):
        return float(scipy_stats.binom.pmf(refuted, plan.trials, p).sum())

    assert max(probability(p) for p in (plan.low, plan.high)) <= plan.false_alarm
    assert probability(plan.alternative) >= plan.power
    assert math.isclose(probability(plan.alternative), plan.power_at(plan.trials), rel_tol=1e-9)


def test_a_one_sided_plan_spends_its_whole_false_alarm_on_one_side():
    spent = float(scipy_stats.binom.pmf(refuted_set(ONE_SIDED), ONE_SIDED.trials, 0.9).sum())
    assert spent > ONE_SIDED.false_alarm / 4  # the next count would exceed it
    assert max(refuted_set(ONE_SIDED)) < 0.9 * ONE_SIDED.trials


def test_fewer_trials_lack_the_power_just_below():
    assert ONE_SIDED.power_at(ONE_SIDED.trials - 1) < ONE_SIDED.power


def test_outcomes_of_a_proportion():
    n = ONE_SIDED.trials
    assert ONE_SIDED.judge({"successes": n, "trials": n}).outcome == "consistent"
    assert ONE_SIDED.judge({"successes": 0, "trials": n}).outcome == "refuted"
    few = Proportion(0.9, 1.0, 0.7, false_alarm=1e-3, power=0.99, fixed=5)
    assert few.judge({"successes": 5, "trials": 5}).outcome == "inconclusive"
    assert few.judge({"successes": 0, "trials": 5}).outcome == "refuted"


def test_the_alarm_of_an_estimated_null_is_not_spent_twice():
    plain = Proportion(0.4, 0.5, 0.7, false_alarm=1e-3)
    shared = Proportion(0.4, 0.5, 0.7, false_alarm=1e-3, null_alarm=5e-4)
    assert plain.level == 1e-3
    assert math.isclose(shared.level, 5e-4)


def test_no_peeking():
    with pytest.raises(SltkError, match="plan fixes"):
        ONE_SIDED.judge({"successes": 1, "trials": ONE_SIDED.trials - 1})


def test_an_alternative_inside_the_null_is_refused():
    with pytest.raises(SltkError, match="outside the null"):
        Proportion(0.4, 0.5, 0.45)


def test_never():
    plan = Never(share=0.05, power=0.999)
    assert 1.0 - 0.95**plan.trials >= 0.999 > 1.0 - 0.95 ** (plan.trials - 1)
    sound = {"violations": 0, "trials": plan.trials, "largest_ratio": 0.9}
    assert plan.judge(sound).outcome == "consistent"
    assert plan.judge({**sound, "violations": 1}).outcome == "refuted"
    assert plan.false_alarm == 0.0
    few = Never(share=0.05, power=0.999, fixed=3)
    assert few.judge({**sound, "trials": 3}).outcome == "inconclusive"


@pytest.mark.parametrize(("mean", "outcome"), [(0.5, "consistent"), (0.8, "refuted")])
def test_mean(mean, outcome):
    values = 4.0 * stream(1, "test", "mean", str(mean)).beta(5 * mean, 5 * (1 - mean), 5000)
    plan = Mean(2.0, 2.0, 4.0, 3.0, 5000, false_alarm=1e-6)
    observed = {"sum": float(values.sum()), "squares": float((values**2).sum()), "trials": 5000}
    verdict = plan.judge(observed)
    assert verdict.outcome == outcome
    limits = stats.empirical_bernstein(values / 4.0, 0.99)
    assert np.allclose([v / 4.0 for v in verdict.interval], limits, rtol=1e-9)


def test_a_mean_that_cannot_tell_is_inconclusive():
    values = 4.0 * stream(2, "test", "mean").random(30)
    plan = Mean(2.0, 2.0, 4.0, 2.1, 30)
    observed = {"sum": float(values.sum()), "squares": float((values**2).sum()), "trials": 30}
    assert plan.judge(observed).outcome == "inconclusive"


X = (1.0, 2.0, 3.0, 4.0, 5.0)


def sizes(curve, trials):
    noise = stream(3, "test", "slope").integers(-1, 2, (trials, len(X)))
    return np.clip(np.round(curve(np.array(X))) + noise, 0, 40)


def observed(values, censored=0):
    return {
        "sums": values.sum(axis=0).tolist(), "products": (values.T @ values).tolist(), "censored": censored,
        "trials": len(values),
    }  # fmt: skip


def test_slope_of_a_line_and_of_a_parabola():
    plan = Slope(X, 40.0, straight=0.2, convex=1.0, trials=4000)
    line, parabola = sizes(lambda x: 3 * x + 2, 4000), sizes(lambda x: x**2 + 2, 4000)
    straight, convex = plan.judge(observed(line)), plan.judge(observed(parabola))
    assert straight.outcome == "consistent"
    assert convex.outcome == "refuted"
    assert straight.interval.low < 3.0 < straight.interval.high
    fitted = np.polyfit(X, line.mean(axis=0), 1)[0]
    assert math.isclose(straight.measured, fitted, rel_tol=1e-9)


def test_a_slope_of_few_or_cut_values_is_inconclusive():
    plan = Slope(X, 40.0, straight=0.2, convex=1.0, trials=40)
    assert plan.judge(observed(sizes(lambda x: 3 * x, 40))).outcome == "inconclusive"
    many = Slope(X, 40.0, straight=0.2, convex=1.0, trials=4000)
    assert many.judge(observed(sizes(lambda x: 3 * x, 4000), censored=1)).outcome == "inconclusive"


def test_merge_adds_and_keeps_the_largest():
    first = {"successes": 3, "sums": [1.0, 2.0], "largest_ratio": 0.5, "trials": 4}
    second = {"successes": 1, "sums": [10.0, 20.0], "largest_ratio": 0.25, "trials": 6}
    assert merge([first, second]) == {"successes": 4, "sums": [11.0, 22.0], "largest_ratio": 0.5, "trials": 10}
    with pytest.raises(SltkError, match="same names"):
        merge([first, {"trials": 1}])
    with pytest.raises(SltkError, match="at least one"):
        merge([])


def test_false_alarms_add_up():
    ledger = FalseAlarmLedger(budget=1.5e-3)
    ledger.declare("one", ONE_SIDED.false_alarm)
    ledger.require_within()
    ledger.declare("two", TWO_SIDED.false_alarm)
    with pytest.raises(SltkError, match="over the budget"):
        ledger.require_within()
