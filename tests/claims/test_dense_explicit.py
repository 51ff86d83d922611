"""The dense theorem with every constant."""

import math

import pytest

from sltk.claims.dense_explicit import CLAIM, GATED, LARGEST
from sltk.core.errors import SltkError


def test_the_example_of_the_theorem():
    """784-500-10 at eps = .1, delta = .01."""
    assert CLAIM.required_width(0.1, 0.01, (784, 500, 10)) == (789, 697)
    assert CLAIM.lower_bound(0.1, (784, 500, 10)) == 13


def test_its_constants():
    """Half of the product law's: L = 1/e, c = 1/(4 e)."""
    constants = GATED.constants()
    assert pytest.approx(1 / math.e, rel=1e-12) == constants.L
    assert constants.c == pytest.approx(0.25 / math.e, rel=1e-12)
    assert pytest.approx(constants.L, rel=1e-12) == 2 * LARGEST
    assert CLAIM.bound(0.1) == pytest.approx(0.0824, abs=1e-4)


def test_monotone():
    assert CLAIM.required_width(0.05, 0.01, (8, 4, 2)) > CLAIM.required_width(0.1, 0.01, (8, 4, 2))
    assert CLAIM.required_width(0.1, 0.001, (8, 4, 2)) > CLAIM.required_width(0.1, 0.01, (8, 4, 2))


@pytest.mark.parametrize(
    "wrong", [{"eps": 1.5}, {"largest_weight": 0.2}, {"largest_norm": 1.01}, {"activation": "tanh"}, {"biases": True}]
)
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="dense-explicit"):
        CLAIM.require(**wrong)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
