"""Subset sums of vectors."""

import math

import pytest

from sltk.claims.structured import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    log = math.log(10)
    assert CLAIM.required_width(eps=0.1, dim=2, constant=1.0) == math.ceil(8 * log * (log + math.log(2)))
    assert CLAIM.lower_bound(eps=0.125, dim=3) == 9
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(eps=0.1, dim=2)
    with pytest.raises(SltkError, match="dim"):
        CLAIM.lower_bound(eps=0.1, dim=0)
