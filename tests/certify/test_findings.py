"""Three findings and one word: the rule, and that the word follows the function, not the parameters."""

import math
from dataclasses import replace

import pytest
import torch

from sltk.certify.findings import SHARE, Comparison, conclude_findings, measure_function, probes
from sltk.certify.intervals import Box

MET = Comparison("data", 100, error=0.1, largest=3.0, spread=4.0, same=100)


@pytest.mark.parametrize(
    ("failures", "error", "bound", "word"),
    [
        (0, 0.1, 0.15, "proved"), (3, 0.1, 0.15, "proved"), (0, 0.1, 50.0, "faithful"), (3, 0.19, 50.0, "faithful"),
        (0, 0.21, 50.0, "reached only"), (1, 0.21, 50.0, "failed"), (0, math.inf, math.inf, "reached only"),
        (0, 0.21, 0.15, "reached only"), (1, 0.21, 0.15, "failed"), (0, math.inf, 0.15, "reached only"),
    ],
)  # fmt: skip
def test_the_rule(failures: int, error: float, bound: float, word: str) -> None:
    assert conclude_findings(500, failures, (replace(MET, error=error),), bound, None).word == word


def test_what_rounding_takes_away_is_not_proved() -> None:
    """A bound in real arithmetic says nothing of a float32 run that leaves it."""
    assert conclude_findings(1, 0, (replace(MET, error=9.0),), 0.15, None).rounded_away
    assert not conclude_findings(1, 0, (replace(MET, error=9.0),), 10.0, None).rounded_away
    assert not conclude_findings(1, 0, (MET,), 0.15, None).rounded_away


def test_the_limit_is_the_asked_error_or_a_share_of_the_spread() -> None:
    assert conclude_findings(1, 0, (MET,), 9.0, None).limit == SHARE * 4.0
    assert conclude_findings(1, 0, (MET,), 9.0, 0.01).word == "reached only"


def test_data_decide_where_there_are_any() -> None:
    bad = replace(MET, what="probes", error=2.0)
    assert conclude_findings(1, 0, (bad, MET), 9.0, None).word == "faithful"
    assert conclude_findings(1, 0, (MET, bad), 9.0, None).word == "reached only"
    assert not conclude_findings(1, 0, (MET, bad), 9.0, None).lost
    assert conclude_findings(1, 0, (MET, replace(bad, error=3.1)), 9.0, None).lost


def test_what_is_measured() -> None:
    x = torch.tensor([[0.0, 1.0], [2.0, -1.0], [1.0, 1.5]])
    off = torch.tensor([0.25, 0.0], dtype=torch.float64)
    found = measure_function(lambda rows: rows, lambda rows: rows + off, x, "three rows", batch=2)
    assert (found.error, found.largest, found.spread, found.same) == (0.25, 2.0, 2.5, 3)
    turned = measure_function(lambda rows: rows, lambda rows: -rows, x, "three rows")
    assert turned.same == 0
    lost = measure_function(lambda rows: rows, lambda rows: rows * torch.nan, x, "three rows")
    assert math.isinf(lost.error)


def test_probes_lie_in_the_box_and_belong_to_the_seed() -> None:
    box = Box(-1.0, torch.tensor([0.0, 2.0, 5.0]))
    drawn = probes(box, (3,), seed=4, rows=50)
    assert drawn.shape == (50, 3)
    assert bool(((drawn >= -1.0) & (drawn <= torch.tensor([0.0, 2.0, 5.0]))).all())
    assert torch.equal(drawn, probes(box, (3,), seed=4, rows=50))
    assert not torch.equal(drawn, probes(box, (3,), seed=5, rows=50))
