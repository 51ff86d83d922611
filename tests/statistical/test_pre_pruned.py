"""Erdős–Rényi sources: a random mask before any choice is a law of the weights, for ticket and prediction alike."""

from dataclasses import replace

import numpy as np
import pytest

from sltk.construct import Construction, StrongTicket
from sltk.core.statistics.stats import power, test_proportion
from sltk.networks.network import Network
from sltk.subset_sum.laws import Masked, Uniform
from tests.construct.building import build_ticket

SEEDS, SAMPLES, KEPT, ALARM = 100, 16, 0.6, 5e-10


@pytest.fixture(scope="module")
def tickets(network: Network) -> list[StrongTicket]:
    return [
        build_ticket(
            network, method="plus-one", n=SAMPLES, seed=seed, domain=(0.0, 1.0), param_eps=0.01, biases=False,
            objective="cardinality", law=Masked(Uniform(1.0), KEPT),
        )
        for seed in range(SEEDS)
    ]  # fmt: skip


def alive(tickets: list[StrongTicket]) -> tuple[int, int]:
    weights = [t.source.weight(i, 2**20) for t in tickets for i in range(len(t.source.layers))]
    return sum(np.count_nonzero(w) for w in weights), sum(w.size for w in weights)


@pytest.mark.false_alarm(ALARM)
def test_the_source_keeps_its_share(tickets: list[StrongTicket]) -> None:
    """p is met to 2^-33, and a kept weight is 0 with probability below 2^-23; .01 off is found."""
    found = alive(tickets)
    assert power(found[1], KEPT - 0.01, KEPT - 1e-6, KEPT + 1e-6, ALARM) > 1.0 - 1e-9
    assert not test_proportion(*found, KEPT - 1e-6, KEPT + 1e-6, ALARM).rejected


@pytest.mark.false_alarm(0.0)
def test_a_ticket_takes_only_weights_that_are_there(tickets: list[StrongTicket]) -> None:
    ticket = tickets[0]
    for index, mask in enumerate(ticket.masks):
        assert np.all(ticket.source.weights(index, mask.weight) != 0.0)


@pytest.mark.false_alarm(3e-9)
def test_failures_agree_with_the_expectation_of_the_masked_law_alone(
    network: Network, tickets: list[StrongTicket]
) -> None:
    """Second layer, independent pools; Hoeffding as for scale exponents. Negative control: the law without its mask.

    False alarm 5e-10 for the test and for each of two intervals, and 1e-9 for the control's power.
    """
    failures, problems = sum(f.stage == 1 for t in tickets for f in t.failures), SEEDS * 16
    spans = {}
    for law in (Masked(Uniform(1.0), KEPT), Uniform(1.0)):
        asked = Construction(network, tickets[0].domain, replace(tickets[0].recipe, law=law.spec()))
        found = asked.expected_failures(trials=2**16, confidence=1.0 - ALARM)
        own = next(e for e in found if e.stage == 1)
        assert own.problems == problems // SEEDS
        spans[law.spec()] = own.low / own.problems, own.high / own.problems
    right, wrong = spans.values()
    assert not test_proportion(failures, problems, *right, ALARM).rejected
    assert power(problems, right[0], *wrong, ALARM) > 1.0 - 1e-9
    assert test_proportion(failures, problems, *wrong, ALARM).rejected
