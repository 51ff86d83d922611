"""Failures of pools over several scales against the expectation that knows their exponents."""

import pytest

from sltk.construct import strong_ticket
from sltk.construct.methods.roles import SourcePlan
from sltk.construct.predict.success import expected_failures
from sltk.construct.recipe import plan_for
from sltk.core.stats import power, test_proportion
from sltk.networks.network import Network
from sltk.subset_sum.laws import Uniform

SEEDS, SAMPLES, ALARM = 100, 10, 5e-10
EXPONENTS = (2, 0, -3)


def build(network: Network, seed: int):
    return strong_ticket(
        network, method="plus-one", n=SAMPLES, seed=seed, domain=(0.0, 1.0), param_eps=0.01, objective="cardinality",
        law=Uniform(1.0), scale_exponents=EXPONENTS, biases=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def counted(network: Network) -> tuple[int, int]:
    """Failures in the second layer, and its problems; their pools are independent."""
    tickets = [build(network, seed) for seed in range(SEEDS)]
    failures = sum(failure.stage == 1 for ticket in tickets for failure in ticket.failures)
    return failures, SEEDS * 16


def expected(network: Network, plan: SourcePlan, recipe) -> tuple[float, float]:
    found = expected_failures(network, recipe, plan, trials=2**16, confidence=1.0 - ALARM)
    own = next(e for e in found if e.stage == 1)
    return own.low / own.problems, own.high / own.problems


@pytest.mark.false_alarm(1e-9)
def test_failures_agree_with_the_expectation(network: Network, counted: tuple[int, int]) -> None:
    """A sum of independent indicators is less spread than a binomial of its mean (Hoeffding), so its test is exact.

    False alarm 5e-10 (interval) and 5e-10 (test).
    """
    ticket = build(network, 0)
    low, high = expected(network, ticket.plan, ticket.recipe)
    assert not test_proportion(*counted, low, high, ALARM).rejected


@pytest.mark.false_alarm(2e-9)
def test_one_scale_for_all_samples_is_refuted(network: Network, counted: tuple[int, int]) -> None:
    """Negative control: the expectation of a plan without exponents. Power from the other one's interval."""
    ticket = build(network, 0)
    fields = ticket.recipe.record() | {"scale_exponents": (0,)}
    recipe = type(ticket.recipe)(**fields)  # pyright: ignore[reportArgumentType]
    low, high = expected(network, plan_for(ticket.architecture, recipe), recipe)
    right = expected(network, ticket.plan, ticket.recipe)
    assert power(counted[1], right[0], low, high, ALARM) > 1.0 - 1e-9
    assert test_proportion(*counted, low, high, ALARM).rejected
