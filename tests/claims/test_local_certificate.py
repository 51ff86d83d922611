"""Two networks that answer alike on a ball."""

import pytest

from sltk.claims.local_certificate import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.bound(high_answer=0.3, low_other=-0.2) == pytest.approx(0.5)
    assert CLAIM.bound(high_answer=-0.3, low_other=0.2) == 0.0


def test_an_overflow_is_refused():
    with pytest.raises(SltkError, match="overflow"):
        CLAIM.bound(high_answer=float("inf"), low_other=0.0)
