"""Tickets of a given density."""

import math

import pytest

from sltk.claims.fixed_size import CLAIM, entropy
from sltk.core.errors import SltkError

GIVEN = {"eps": 0.01, "density": 0.3, "depth": 2, "fan_in": 4, "fan_out": 3}


def test_the_width_is_a_fixed_point():
    n = CLAIM.required_width(**GIVEN, constant=0.5)
    right = 0.5 * math.log2(2 * 2 * 4 * 3 * 0.3 * n / 0.01) ** 2 / entropy(0.3)
    assert right <= n < right + 1.5


def test_lower_bound_and_entropy():
    assert entropy(0.5) == 1.0
    assert CLAIM.lower_bound(n=10, kept=5, eps=5 / 2**10, dim=2) == pytest.approx(20.0)
    assert CLAIM.bound(4, 2, 2.0**-5) == 6 * 2.0**-4


@pytest.mark.parametrize("wrong", [{"eps": 0.0625}, {"density": 1.0}, {"kept": 9, "n": 10}])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="fixed-size"):
        CLAIM.require(**wrong)


def test_no_width_without_a_constant():
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(**GIVEN)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
