"""Dense tickets of depth L+1."""

import math
from dataclasses import replace

import pytest

from sltk.claims.plus_one_dense import CLAIM
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation

GIVEN = {"eps": 0.1, "delta": 0.05, "neurons": 100, "problems": 1e4}


def test_numbers():
    assert CLAIM.required_width(**GIVEN, constant=2.0) == math.ceil(200 * math.log(1e4 / 0.05))
    assert CLAIM.required_width(**{**GIVEN, "eps": 1e-9}, constant=2.0) == math.ceil(200 * math.log(1e9))
    assert CLAIM.bound(size=100.0, eps=0.1, delta=0.05, constant=2.0) == pytest.approx(200 * math.log(20))


@pytest.mark.parametrize("wrong", [{"eps": 0.0}, {"delta": 1.0}, {"problems": 0}])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="plus-one-dense"):
        CLAIM.required_width(**{**GIVEN, **wrong}, constant=1.0)


def test_an_activation_without_a_linear_part_is_refused():
    even = replace(activation("relu"), name="abs", slope_negative=-1.0)
    with pytest.raises(SltkError, match="m_\\+ \\+ m_- != 0"):
        CLAIM.require(first_activation=even)
    for name in ("relu", "tanh", "sigmoid", "softplus"):
        CLAIM.require(first_activation=activation(name))


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
