"""Greedy on a golden-ratio scale."""

import math

import numpy as np
import pytest

from sltk.claims.golden_ratio_greedy import CLAIM, GOLDEN, greedy_remainder, levels
from sltk.core.errors import SltkError
from sltk.core.rng import stream


def test_numbers():
    assert levels(0.01) == 10
    assert CLAIM.required_width(0.01, 0.05) == math.ceil(20 * math.log(400))


def test_one_sample_a_level_is_enough_wherever_it_lies():
    """Also at both ends of every interval, for targets on a grid."""
    k = levels(0.01)
    low, high = GOLDEN ** np.arange(2, k + 2), GOLDEN ** np.arange(1, k + 1)
    middle = low + (high - low) * stream(1, "test", "golden").random((500, k))
    for pool in (np.tile(low * (1 + 1e-12), (500, 1)), np.tile(high * (1 - 1e-12), (500, 1)), middle):
        left = greedy_remainder(pool, np.linspace(0.0, 1.0, 500), k)
        assert (left >= -1e-9).all()
        assert left.max() <= GOLDEN**k + 1e-9 <= 0.01 + 1e-9


def test_a_missing_level_shows():
    k = levels(0.01)
    pool = np.tile(GOLDEN ** np.arange(1.5, k + 1.5), (500, 1))[:, 1:]
    assert greedy_remainder(pool, np.linspace(0.0, 1.0, 500), k).max() > 0.1


def test_hypotheses():
    with pytest.raises(SltkError, match="eps"):
        CLAIM.required_width(1.0, 0.05)
    with pytest.raises(SltkError, match="target"):
        CLAIM.require(z=-1.5)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
