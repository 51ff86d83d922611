"""Failures of pools over several scales against the expectation that knows their exponents."""

import pytest

from sltk.construct import Construction, Recipe, Search
from sltk.core.statistics.stats import power, test_proportion
from sltk.networks.network import Network

SEEDS, SAMPLES, ALARM = 100, 10, 5e-10
EXPONENTS = (2, 0, -3)


def question(network: Network, exponents: tuple[int, ...] = EXPONENTS) -> Construction:
    recipe = Recipe("plus-one", SAMPLES, 0.01, law="uniform(1.0)", scale_exponents=exponents, biases=False)
    return Construction(network, (0.0, 1.0), recipe)


@pytest.fixture(scope="module")
def counted(network: Network) -> tuple[int, int]:
    """Failures in the second layer, and its problems; their pools are independent."""
    asked = question(network)
    tickets = [asked.build(seed, Search("cardinality")) for seed in range(SEEDS)]
    failures = sum(failure.stage == 1 for ticket in tickets for failure in ticket.failures)
    return failures, SEEDS * 16


def expected(asked: Construction) -> tuple[float, float]:
    found = asked.expected_failures(trials=2**16, confidence=1.0 - ALARM)
    own = next(e for e in found if e.stage == 1)
    return own.low / own.problems, own.high / own.problems


@pytest.mark.false_alarm(1e-9)
def test_failures_agree_with_the_expectation(network: Network, counted: tuple[int, int]) -> None:
    """A sum of independent indicators is less spread than a binomial of its mean (Hoeffding), so its test is exact.

    False alarm 5e-10 (interval) and 5e-10 (test).
    """
    low, high = expected(question(network))
    assert not test_proportion(*counted, low, high, ALARM).rejected


@pytest.mark.false_alarm(2e-9)
def test_one_scale_for_all_samples_is_refuted(network: Network, counted: tuple[int, int]) -> None:
    """Negative control: the expectation of a plan without exponents. Power from the other one's interval."""
    low, high = expected(question(network, (0,)))
    right = expected(question(network))
    assert power(counted[1], right[0], low, high, ALARM) > 1.0 - 1e-9
    assert test_proportion(*counted, low, high, ALARM).rejected
