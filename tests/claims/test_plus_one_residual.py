"""Equal numbers of copies at both ends of a skip."""

import math

import pytest

from sltk.claims.plus_one_residual import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    given = {"eps": 0.1, "delta": 0.05, "channels": 16, "problems": 1e4}
    assert CLAIM.required_width(**given, constant=2.0) == math.ceil(32 * math.log(1e4 / 0.05))
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(**given)


def test_hypotheses():
    CLAIM.require(copies_in=20, copies_out=20)
    with pytest.raises(SltkError, match="as many copies"):
        CLAIM.require(copies_in=20, copies_out=24)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
