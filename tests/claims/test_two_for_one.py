"""Dense ReLU, source of depth 2L."""

import math

import pytest

from sltk.claims.two_for_one import CLAIM
from sltk.core.errors import SltkError

GIVEN = {"eps": 0.1, "fan_in": 10, "fan_out": 5, "depth": 2}


def test_numbers():
    assert CLAIM.required_width(**GIVEN, constant=2.0) == math.ceil(20 * math.log(4 * 2 * 50 / 0.1))
    assert CLAIM.bound(0.1, alpha=2.0) == pytest.approx(math.exp(0.1) - 1)


@pytest.mark.parametrize("wrong", [{"activation": "tanh"}, {"biases": True}, {"alpha": 0.0}, {"eps": 1.0}])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="two-for-one"):
        CLAIM.require(**wrong)


def test_no_width_without_a_constant():
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(**GIVEN)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
