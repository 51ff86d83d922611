"""Density after rounds of pruning."""

import pytest

from sltk.claims.generalized_lth import CLAIM
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.bound(rounds=0) == 1.0
    assert CLAIM.bound(rounds=2, prune=0.2) == pytest.approx(0.64)
    with pytest.raises(SltkError, match="prune"):
        CLAIM.bound(rounds=2, prune=1.0)
