"""Width of a binary source, with a constant of the caller's."""

import pytest

from sltk.claims.binary_tickets import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.required_width(eps=0.5, fan_in=4, depth=2, constant=1.0) == 4 * 16
    assert CLAIM.required_width(eps=0.25, fan_in=4, depth=2, constant=2.0) == 8 * 25


def test_no_number_without_a_constant_or_its_hypotheses():
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(eps=0.5, fan_in=4, depth=2)
    with pytest.raises(SltkError, match="eps"):
        CLAIM.required_width(eps=1.5, fan_in=4, depth=2, constant=1.0)
    with pytest.raises(SltkError, match="ReLU"):
        CLAIM.require(activation="tanh")
