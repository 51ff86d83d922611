"""The order of the first theorem."""

import pytest

from sltk.claims.malach_polynomial import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.required_width(eps=0.5, dim=2, depth=3, constant=1.0) == 32 * 9 * 4
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(eps=0.5, dim=2, depth=3)
    with pytest.raises(SltkError, match="ReLU"):
        CLAIM.require(activation="sigmoid")
