"""The certified size against the closed form, the floor, and pools."""

import pytest

from sltk.claims.width_certificate import CLAIM
from sltk.core.errors import SltkError
from sltk.subset_sum.bounds import closed_form_size
from sltk.subset_sum.laws import Uniform


@pytest.mark.parametrize(("eps", "delta"), [(0.1, 0.05), (0.01, 0.05)])
def test_between_floor_and_closed_form(eps, delta):
    n = CLAIM.required_width(eps, delta)
    assert CLAIM.lower_bound(eps) <= n <= closed_form_size(eps, delta, Uniform())
    assert CLAIM.bound(n, eps) <= delta


def test_at_most_36_at_the_reference_point():
    assert CLAIM.required_width(0.01, 0.05) <= 36


def test_hypotheses():
    with pytest.raises(SltkError, match="delta"):
        CLAIM.required_width(0.1, 0.0)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
