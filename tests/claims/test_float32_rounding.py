"""What a sum of products loses when it is computed."""

import pytest

from sltk.claims.float32_rounding import CLAIM
from sltk.core.errors import SltkError
from sltk.core.numerics.formats import FLOAT32


def test_numbers():
    assert CLAIM.bound(terms=3, size=2.0) == pytest.approx(6 * 2.0**-24, rel=1e-6)
    assert CLAIM.bound(terms=3, size=2.0) == pytest.approx(2.0 * float(FLOAT32.gamma(3)))
    assert CLAIM.bound(terms=0, size=2.0) == 0.0


def test_too_many_terms_are_refused():
    with pytest.raises(SltkError, match="wider format"):
        CLAIM.bound(terms=2**24, size=1.0)
