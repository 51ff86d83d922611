"""Error of a layer whose copies pick their own weights."""

import pytest

from sltk.claims.error_own_copies import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    given = {"selected": 4.0, "reach": 3.0, "param_eps": 0.1, "entering": 0.5}
    assert CLAIM.bound(**given) == pytest.approx(0.4 + 2.0)
    assert CLAIM.bound(**given, bias=False, lipschitz=3.0) == pytest.approx(3 * 2.3)


@pytest.mark.parametrize("wrong", [{"selected": -4.0}, {"param_eps": -0.1}, {"entering": -1.0}])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="error-own-copies"):
        CLAIM.bound(**{"selected": 4.0, "reach": 3.0, "param_eps": 0.1, "entering": 0.5, **wrong})


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
