"""The closed form."""

import pytest

from sltk.claims._pools import covered
from sltk.claims.subset_sum_covering import CLAIM
from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum import covers
from sltk.subset_sum.laws import LogUniform, Product, Uniform


@pytest.mark.parametrize(
    ("eps", "delta", "n"), [(0.1, 0.05, 29), (0.01, 0.05, 45), (0.01, 0.01, 51), (0.001, 0.05, 61)]
)
def test_numbers(eps, delta, n):
    assert CLAIM.required_width(eps, delta) == n
    assert CLAIM.bound(n, eps) <= delta < CLAIM.bound(n - 1, eps)
    assert CLAIM.lower_bound(eps) < n


def test_hypotheses():
    with pytest.raises(SltkError, match="delta"):
        CLAIM.required_width(0.1, 1.0)
    with pytest.raises(SltkError, match="density"):
        CLAIM.required_width(0.1, 0.05, law=LogUniform(0.01))
    CLAIM.require(law=Product(Uniform(), Uniform()))


def test_prefixes_decide_as_whole_pools():
    pools = stream(1, "test", "covering").uniform(-1, 1, (60, 13))
    assert (covered(pools, 0.05, 1.0) == covers(pools, 0.05, -0.5, 0.5)).all()


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
