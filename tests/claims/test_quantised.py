"""Quantised weights, exactly."""

import numpy as np
import pytest

from sltk.claims._pools import least_pairs
from sltk.claims.quantised import CLAIM
from sltk.core.errors import SltkError
from sltk.core.rng import stream


def test_numbers():
    assert CLAIM.required_width(step=2.0**-8, fan_in=10, constant=2.0) == 160
    assert CLAIM.lower_bound(step=2.0**-8) == 9
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(step=2.0**-8, fan_in=10)
    with pytest.raises(SltkError, match="step"):
        CLAIM.lower_bound(step=1.0)


def test_pairs_against_listing_them():
    pools = stream(1, "test", "quantised").integers(-8, 9, (50, 10)).astype(float)
    target = np.full(50, 5.0)
    for pool, least in zip(pools, least_pairs(pools, target, 0.25), strict=True):
        hits = [j + 1 for j in range(10) if pool[j] == 5 or any(pool[i] + pool[j] == 5 for i in range(j))]
        assert least == min(hits, default=11)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
