"""Locked samples shift the target, pruned ones only lessen the pool."""

import numpy as np
import pytest

from sltk.claims.frozen_source import CLAIM
from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum import solve


def test_locked_samples_shift_the_target():
    generator = stream(1, "test", "frozen-source")
    free, locked = generator.uniform(-1, 1, (20, 8)), generator.uniform(-1, 1, (20, 3))
    target = generator.uniform(-1, 1, 20)
    shifted = solve(free, target - locked.sum(axis=1)).error
    subsets = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(float)
    naive = np.abs(free @ subsets.T + locked.sum(axis=1, keepdims=True) - target[:, None]).min(axis=1)
    assert np.allclose(shifted, naive, atol=1e-12)


def test_numbers():
    assert CLAIM.required_width(0.01, 0.05, density=0.5) == 97
    assert CLAIM.required_width(0.01, 0.05, density=0.999999) == 45
    with pytest.raises(SltkError, match="density"):
        CLAIM.required_width(0.01, 0.05, density=1.0)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
