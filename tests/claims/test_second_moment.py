"""One target, by first and second moment."""

import numpy as np
import pytest

from sltk.claims.second_moment import CLAIM, cdf, density, first_moment, second_moment
from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.core.statistics import stats


@pytest.mark.parametrize("k", [1, 2, 5])
def test_irwin_hall_against_draws(k):
    """Kolmogorov distance of 2e5 draws; DKW false alarm 1e-12 each."""
    draws = stream(1, "test", "irwin-hall", k).uniform(-1, 1, (200_000, k)).sum(axis=1)
    distance = stats.kolmogorov_distance(draws, lambda t: cdf(k, t))
    assert distance <= stats.dkw_radius(draws.size, 1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_density_integrates_to_the_cdf(k):
    t = np.linspace(-k, k, 20_001)
    mass = np.concatenate([[0.0], np.cumsum((density(k, t)[1:] + density(k, t)[:-1]) / 2 * (t[1] - t[0]))])
    assert np.allclose(mass, cdf(k, t), atol=2e-4)


def test_one_sample_by_hand():
    """z = .5, eps = .1: N is 0 or 1, and 1 with probability .1."""
    assert first_moment(1, 0.5, 0.1) == pytest.approx(0.1)
    assert second_moment(1, 0.5, 0.1) == pytest.approx(0.1, rel=1e-4)
    assert CLAIM.bound(1, 0.5, 0.1) == pytest.approx(0.1, rel=3e-4)


def test_the_empty_subset_counts():
    assert first_moment(3, 0.05, 0.1) - first_moment(3, 0.15, 0.1) > 0.9


def test_hypotheses():
    with pytest.raises(SltkError, match="eps"):
        CLAIM.bound(4, 0.5, 0.0)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
