"""Covering pools grow like log(1/eps)."""

import math

import pytest

from sltk.claims._pools import least_covering
from sltk.claims.lueker import CLAIM
from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum import covers


def test_numbers():
    assert CLAIM.required_width(0.01, 0.5, constant=3.0) == math.ceil(3 * math.log(200))
    assert CLAIM.required_width(0.5, 0.01, constant=3.0) == math.ceil(3 * math.log(200))
    assert CLAIM.lower_bound(0.01) == 6


def test_no_number_without_a_constant_or_its_hypotheses():
    with pytest.raises(SltkError, match="existential"):
        CLAIM.required_width(0.01, 0.05)
    with pytest.raises(SltkError, match="delta"):
        CLAIM.required_width(0.01, 0.0, constant=3.0)


def test_least_sizes_are_least():
    pools = stream(1, "test", "lueker").uniform(-1, 1, (40, 16))
    sizes = least_covering(pools, 0.1, 1.0).astype(int)
    for pool, n in zip(pools, sizes, strict=True):
        assert not covers(pool[: n - 1], 0.1, -0.5, 0.5)
        assert n == 17 or covers(pool[:n], 0.1, -0.5, 0.5)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
