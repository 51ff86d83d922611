"""Neurons for each weight."""

import pytest

from sltk.claims.orseau_logarithmic import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.required_width(eps=0.01, weights=10, constant=2.0) == 100
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(eps=0.01, weights=10)
    with pytest.raises(SltkError, match="Lipschitz"):
        CLAIM.require(lipschitz=float("inf"))
