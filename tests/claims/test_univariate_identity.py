"""Near zero an activation is two half lines."""

from dataclasses import replace

import pytest

from sltk.claims.univariate_identity import CLAIM
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation


def test_numbers():
    assert CLAIM.bound(activation("relu"), 3.0) == 0.0
    assert CLAIM.bound(activation("tanh"), 0.5) == pytest.approx(0.125 / 3, rel=1e-12)
    assert CLAIM.bound(activation("sigmoid"), 0.5) == pytest.approx(0.125 / 48, rel=1e-12)


def test_an_even_function_is_refused():
    even = replace(activation("relu"), name="abs", slope_negative=-1.0)
    with pytest.raises(SltkError, match="linear part"):
        CLAIM.bound(even, 0.5)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
