"""Parameters that no source can save."""

import math

import pytest

from sltk.claims.dense_lower_bound import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.lower_bound(eps=2.0**-10, dim=1) == 8.0
    assert CLAIM.lower_bound(eps=0.01, dim=10) == pytest.approx(100 * math.log2(50) - 1)


@pytest.mark.parametrize("wrong", [{"eps": 0.5, "dim": 2}, {"eps": 0.1, "dim": 0}])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="dense-lower-bound"):
        CLAIM.lower_bound(**wrong)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
