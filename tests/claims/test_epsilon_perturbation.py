"""The factor of weights that may move."""

import pytest

from sltk.claims.epsilon_perturbation import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.bound(0.0) == 1.0
    assert CLAIM.bound(0.25) == 0.8
    assert not CLAIM.quotable


def test_hypotheses():
    with pytest.raises(SltkError, match="perturbation"):
        CLAIM.bound(-0.5)
