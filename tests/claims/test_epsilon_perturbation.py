"""The factor of weights that may move."""

import math

import pytest

from sltk.claims.epsilon_perturbation import CLAIM, share_bound
from sltk.core.errors import SltkError
from sltk.subset_sum.bounds import counting_floor


def test_numbers():
    assert CLAIM.bound(0.0) == 1.0
    assert CLAIM.bound(0.25) == 0.8
    assert not CLAIM.quotable


def test_hypotheses():
    with pytest.raises(SltkError, match="perturbation"):
        CLAIM.bound(-0.5)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)


def test_counting():
    """``2^n (2 eps + n m)`` is ``C(n, k)`` intervals of length ``2 (eps + m k)``; without moves, the floor."""
    eps, move, n = 2.0**-20, 2.0**-18, 9
    assert share_bound(n, eps, move) == sum(math.comb(n, k) * 2 * (eps + move * k) for k in range(n + 1))
    assert CLAIM.lower_bound(0.01, 0.0) == counting_floor(0.01, 1.0)
    assert CLAIM.lower_bound(0.01, 0.05) < CLAIM.lower_bound(0.01, 0.0)
