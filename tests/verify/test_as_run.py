"""``check`` holds what it measured in float32 against the bound for float32, and says where there is none."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from sltk.certify.findings import Comparison, Findings
from sltk.certify.intervals import Box
from sltk.construct.ticket import StrongTicket
from sltk.verify.check import Statement, _run_verdict, bound_as_run, check  # pyright: ignore[reportPrivateUsage]
from tests.construct.building import build_ticket

SAID = "bound as run in float32 >= error in float32"


@pytest.fixture(scope="module")
def ticket() -> StrongTicket:
    torch.manual_seed(0)
    target = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    return build_ticket(target, domain=(-1.0, 1.0), input_shape=(3,), seed=1, method="two-layer", n=18, param_eps=0.05)


def said(statements: list[Statement]) -> Statement:
    (one,) = [statement for statement in statements if statement.statement == SAID]
    return one


def test_what_was_measured_in_float32_is_within_the_bound_for_it(ticket: StrongTicket) -> None:
    x = torch.rand(200, 3, generator=torch.Generator().manual_seed(1)) * 2 - 1
    found = check(ticket, (x, torch.zeros(200, dtype=torch.int64)))
    assert said(found.verdicts).holds
    assert found.certificate.bound < found.as_run.bound
    assert found.data is not None
    assert found.data.error <= found.as_run.bound


def test_a_measurement_beyond_the_bound_is_noticed(ticket: StrongTicket) -> None:
    """Negative control: the bound is what it is, and the error a millionth above it."""
    bound = ticket.as_run()
    seen = Comparison("data", 1, bound.bound * (1 + 1e-6), 1.0, 1.0, 1)
    assert not said(_run_verdict(bound, Findings(1, 0, (seen,), bound.bound, 1.0))).holds
    less = replace(seen, error=bound.bound)
    assert said(_run_verdict(bound, Findings(1, 0, (less,), bound.bound, 1.0))).holds


def test_no_bound_is_no_statement(ticket: StrongTicket) -> None:
    none = bound_as_run(replace(ticket, domain=Box(-1e38, 1e38)), torch.float32)
    assert not none.finite
    assert _run_verdict(none, Findings(1, 0, (Comparison("data", 1, 1.0, 1.0, 1.0, 1),), 1.0, 1.0)) == []
