"""Channels of a source of twice the depth."""

import math

import pytest

from sltk.claims.conv_two_for_one import CLAIM
from sltk.core.errors import SltkError

GIVEN = {"eps": 0.1, "delta": 0.01, "channels_in": 3, "channels_out": 16, "kernel": 3, "depth": 2}


def test_numbers():
    assert CLAIM.required_width(**GIVEN, constant=2.0) == math.ceil(2 * math.log(3 * 16 * 9 * 2 / 0.01))
    assert CLAIM.required_width(**{**GIVEN, "delta": 0.001}, constant=2.0) > CLAIM.required_width(**GIVEN, constant=2.0)


def test_hypotheses():
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(**GIVEN)
    with pytest.raises(SltkError, match="without biases"):
        CLAIM.require(biases=True)


def test_the_remembered_formula_is_not_quoted():
    assert not CLAIM.quotable


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
