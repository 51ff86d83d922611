"""What is known of it."""

import pytest

from sltk.claims.universal_tickets import CLAIM
from sltk.core.errors import SltkError


def test_hypotheses():
    CLAIM.require(trained_readout=True)
    with pytest.raises(SltkError, match="readout"):
        CLAIM.require(trained_readout=False)


def test_an_abstract_gives_no_numbers():
    assert not CLAIM.quotable
    assert CLAIM.bound is CLAIM.required_width is CLAIM.lower_bound is None
