"""Weights of a uniform law in products and normals."""

import math

import pytest

from sltk.claims.uniform_containment import CLAIM
from sltk.core.errors import SltkError
from sltk.subset_sum.laws import LogUniform, Normal, Product, Uniform


def test_numbers():
    assert CLAIM.bound(Product(Uniform(), Uniform()), 0.5) == pytest.approx(math.log(2) / 2, rel=1e-12)
    assert CLAIM.bound(Normal(1.0), 1.0) == pytest.approx(0.48394, abs=1e-5)
    assert CLAIM.bound(Uniform(), 1.0) == pytest.approx(1.0)


def test_hypotheses():
    with pytest.raises(SltkError, match="half_width"):
        CLAIM.bound(Uniform(), 0.0)
    with pytest.raises(SltkError, match="falling"):
        CLAIM.bound(LogUniform(0.01), 0.5)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
