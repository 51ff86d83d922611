"""Convolutional tickets of depth L+1."""

import math

import pytest

from sltk.claims.plus_one_conv import CALIBRATED, CLAIM, SETTING
from sltk.core.errors import SltkError


def test_numbers():
    width = CLAIM.required_width(eps=0.1, delta=0.05, channels=32, problems=1e4, constant=2.0)
    assert width == math.ceil(64 * math.log(1e4 / 0.05))
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(eps=0.1, delta=0.05, channels=32, problems=1e4)
    assert not CLAIM.quotable


def test_the_measured_width_is_that_of_its_constant():
    n = SETTING.size(CALIBRATED)
    problems = SETTING.ticket(n, 0).problems
    assert n - 1 < CALIBRATED * math.log(problems / 0.2) + 1
    assert n >= CALIBRATED * math.log(problems / 0.2)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
