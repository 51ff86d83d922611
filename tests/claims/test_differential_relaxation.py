"""The difference of two values of an activation between lines."""

import pytest

from sltk.claims.differential_relaxation import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    given = {"least": 0.0, "most": 1.0, "low": -1.0, "high": 3.0}
    assert CLAIM.bound(**given, d=-1.0) == 0.0
    assert CLAIM.bound(**given, d=3.0) == 3.0
    assert CLAIM.bound(**given, d=0.0) == pytest.approx(0.75)
    assert CLAIM.bound(least=0.5, most=0.5, low=-1.0, high=3.0, d=1.0) == pytest.approx(0.5)
    assert CLAIM.bound(least=0.0, most=1.0, low=2.0, high=2.0, d=2.0) == 2.0


@pytest.mark.parametrize("wrong", [{"least": 2.0}, {"d": 4.0}, {"low": 5.0}])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="differential-relaxation"):
        CLAIM.bound(**{"least": 0.0, "most": 1.0, "low": -1.0, "high": 3.0, "d": 0.0, **wrong})


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
