"""The positive samples must reach the target."""

import math

import pytest

from sltk.claims.range_obstruction import CLAIM
from sltk.core.errors import SltkError


@pytest.mark.parametrize("n", [1, 3, 8])
def test_numbers(n):
    t = 0.8
    formula = sum(math.comb(n, k) * t**k / math.factorial(k) for k in range(n + 1)) / 2**n
    assert CLAIM.bound(n, 0.9, 0.1) == pytest.approx(formula, rel=1e-12)
    assert CLAIM.bound(n, -0.9, 0.1) == CLAIM.bound(n, 0.9, 0.1)


@pytest.mark.parametrize("z", [0.05, 1.5])
def test_hypotheses(z):
    with pytest.raises(SltkError, match="target"):
        CLAIM.bound(8, z, 0.1)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
