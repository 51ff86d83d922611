"""Widths of keys and values, with a constant of the caller's."""

import math

import pytest

from sltk.claims.attention import CLAIM
from sltk.core.errors import SltkError

GIVEN = {"eps": 0.1, "dim": 64, "dim_out": 32, "heads": 4, "alpha": 2.0}


def test_numbers():
    keys, values = CLAIM.required_width(**GIVEN, constant=1.0)
    assert keys == math.ceil(64 * math.log(8 * 4 * 8 * 512 / 0.1))
    assert values == math.ceil(64 * math.log(2 * 4 * 2 * 64 * math.sqrt(32) / 0.1))
    assert CLAIM.required_width(**{**GIVEN, "eps": 0.01}, constant=1.0) > (keys, values)


def test_no_number_without_a_constant_or_its_hypotheses():
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(**GIVEN)
    with pytest.raises(SltkError, match="heads >= 1"):
        CLAIM.required_width(**{**GIVEN, "heads": 0}, constant=1.0)
