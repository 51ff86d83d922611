"""Few subsets cover little."""

import numpy as np
import pytest

from sltk.claims.counting_floor import CLAIM, covered_share
from sltk.core.errors import SltkError
from sltk.core.rng import stream


@pytest.mark.parametrize(("eps", "floor"), [(0.1, 3), (0.01, 6), (0.001, 9), (0.25, 1)])
def test_floor(eps, floor):
    assert CLAIM.lower_bound(eps) == floor
    assert CLAIM.bound(floor, eps) == 1.0
    assert CLAIM.bound(floor - 1, eps) < 1.0


def test_covered_share_by_a_fine_grid():
    pools = stream(1, "test", "counting-floor").uniform(-1, 1, (5, 4))
    grid = np.linspace(-0.5, 0.5, 200_001)
    subsets = ((np.arange(16)[:, None] >> np.arange(4)) & 1).astype(float)
    for pool, share in zip(pools, covered_share(pools, 0.01, 1.0), strict=True):
        near = np.abs(grid[:, None] - subsets @ pool).min(axis=1) <= 0.01
        assert share == pytest.approx(near.mean(), abs=2e-4)


def test_hypotheses():
    with pytest.raises(SltkError, match="eps"):
        CLAIM.bound(3, 0.0)
    with pytest.raises(SltkError, match="window"):
        CLAIM.lower_bound(0.1, window=0.0)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
