"""Scaling layers scales the output."""

import pytest

from sltk.claims.scaling_identity import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.bound([2.0, 0.5, 3.0]) == 3.0


def test_hypotheses():
    with pytest.raises(SltkError, match="s_l > 0"):
        CLAIM.bound([2.0, -1.0])
    for name in ("relu", "leaky_relu(0.2)"):
        CLAIM.require(activation=name)
    for name in ("tanh", "sigmoid", "softplus"):
        with pytest.raises(SltkError, match="phi"):
            CLAIM.require(activation=name)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
