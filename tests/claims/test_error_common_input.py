"""Error of a layer on one common input."""

import pytest

from sltk.claims.error_common_input import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    given = {"mass": 2.0, "support": 3, "reach": 3.0, "param_eps": 0.1, "entering": 0.5}
    assert CLAIM.bound(**given) == pytest.approx(0.1 * 4 + (2.0 + 0.3) * 0.5)
    assert CLAIM.bound(**given, bias=False, lipschitz=2.0) == pytest.approx(2 * (0.1 * 3 + 2.3 * 0.5))
    assert CLAIM.bound(**given, remainder=0.25) == pytest.approx(CLAIM.bound(**given) + 0.25)


@pytest.mark.parametrize("wrong", [{"param_eps": -0.1}, {"entering": -1.0}, {"lipschitz": float("inf")}])
def test_hypotheses(wrong):
    given = {"mass": 2.0, "support": 3, "reach": 3.0, "param_eps": 0.1, "entering": 0.5}
    with pytest.raises(SltkError, match="error-common-input"):
        CLAIM.bound(**{**given, **wrong})


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
