"""Disjoint groups fail independently."""

import pytest

from sltk.claims.amplification import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.bound(failure=0.1, groups=3) == pytest.approx(1e-3)
    assert CLAIM.required_width(n=14, failure=0.05, delta=0.05) == 14
    assert CLAIM.required_width(n=14, failure=0.05, delta=0.0025 - 1e-9) == 42
    assert CLAIM.required_width(n=14, failure=0.05, delta=0.04) == 28


@pytest.mark.parametrize("wrong", [{"failure": 1.0}, {"delta": 0.0}, {"delta": 1.0}])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="needs"):
        CLAIM.required_width(**{"n": 14, "failure": 0.05, "delta": 0.01, **wrong})


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
