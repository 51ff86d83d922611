"""Success is a conditional product."""

import pytest

from sltk.claims.product_formula import CLAIM, predicted
from sltk.core.errors import SltkError


def test_numbers():
    assert CLAIM.bound(p=0.5, copies=3) == 0.125
    with pytest.raises(SltkError, match="probability"):
        CLAIM.bound(p=1.5, copies=3)


def test_the_product_of_marginals_is_smaller():
    """By Jensen; here by more than both intervals, which miss with probability 1e-9 together."""
    assert predicted(8, False, 2**18).high < predicted(8, True, 2**20).low


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
