"""Copies of an equivariant source."""

import math

import pytest

from sltk.claims.equivariant import CLAIM
from sltk.core.errors import SltkError

GIVEN = {"eps": 0.1, "delta": 0.01, "depth": 3, "width": 8, "basis": 9.0}


def test_numbers():
    assert CLAIM.required_width(**GIVEN, constant=2.0) == math.ceil(2 * math.log(2 * 3 * 64 * 9 / 0.01))


def test_hypotheses():
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(**GIVEN)
    with pytest.raises(SltkError, match="basis"):
        CLAIM.required_width(**{**GIVEN, "basis": 0.5}, constant=1.0)
