"""Closed form, counting floor, amplification: values by hand, and what must be refused."""

import math
from fractions import Fraction

import pytest

from sltk.core.errors import SltkError
from sltk.subset_sum.bounds import amplified_size, closed_form_failure, closed_form_size, counting_floor, mixed_size
from sltk.subset_sum.laws import LogUniform, Masked, Normal, Product, Uniform

TABLE = {(0.1, 0.05): 29, (0.01, 0.05): 45, (0.01, 0.01): 51, (0.001, 0.05): 61}


@pytest.mark.parametrize(("at", "size"), TABLE.items())
def test_closed_form_of_the_uniform_law(at, size):
    assert closed_form_size(*at, Uniform(1.0)) == size


@pytest.mark.parametrize("law", [Uniform(1.0), Uniform(3.0), Normal(1.0), Product(Uniform(), Uniform())])
@pytest.mark.parametrize("at", [*TABLE, (0.02, 1e-6)])
def test_closed_form_is_the_least_size_that_the_exact_inequality_allows(law, at):
    eps, delta = at
    k = law.constants()

    def failure(n: int) -> Fraction:
        return 2 * (Fraction(k.L) / Fraction(eps)) ** 2 * (1 - Fraction(k.c) / 2) ** n

    n = closed_form_size(eps, delta, law)
    assert failure(n) <= Fraction(delta) < failure(n - 1)
    assert closed_form_failure(n, eps, law) == pytest.approx(float(failure(n)), rel=1e-12)


def test_closed_form_scales_with_the_law():
    assert closed_form_size(0.02, 0.05, Uniform(2.0)) == 45
    assert closed_form_size(0.01, 0.05, Masked(Uniform(1.0), 0.5)) > 90


def test_wide_tolerance_needs_no_sample():
    assert closed_form_size(0.5, 0.05, Uniform(1.0)) == 0


@pytest.mark.parametrize(("eps", "floor"), [(0.1, 3), (0.01, 6), (0.001, 9), (0.25, 1), (0.125, 2), (0.5, 0), (7.0, 0)])
def test_counting_floor(eps, floor):
    assert counting_floor(eps, 1.0) == floor
    assert 2.0**floor * 2.0 * eps >= 1.0
    assert floor == 0 or 2.0 ** (floor - 1) * 2.0 * eps < 1.0


def test_amplification():
    assert amplified_size(10, 0.05, 0.05) == 10
    assert amplified_size(10, 0.0625, 0.00390625) == 20
    assert amplified_size(10, 0.0625, 0.0039) == 30
    assert amplified_size(10, 0.0, 1e-300) == 10


def test_groups_of_different_sizes():
    """22 + 24 samples: .0423 * .02343 < .001, where 22 + 22 fail too often and 24 + 24 are two too many."""
    groups = [(22, 0.0423), (24, 0.02343)]
    assert mixed_size(groups, 0.001) == 46
    assert mixed_size(groups[:1], 0.001) == 66
    assert mixed_size(groups[1:], 0.001) == 48
    assert mixed_size(groups, 0.05) == 22
    assert mixed_size(groups, 0.03) == 24
    assert mixed_size([*groups, (0, 0.5)], 1e-9) == 0


@pytest.mark.parametrize("failure", [0.0625, 0.3, 0.0])
@pytest.mark.parametrize("delta", [0.5, 0.05, 0.0039, 1e-12])
def test_one_kind_of_group_is_the_power(failure, delta):
    assert mixed_size([(10, failure)], delta) == amplified_size(10, failure, delta)
    assert mixed_size([(10, failure), (11, failure)], delta) == amplified_size(10, failure, delta)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: closed_form_size(0.0, 0.05, Uniform()), "eps=0.0"),
        (lambda: closed_form_size(math.nan, 0.05, Uniform()), "eps=nan"),
        (lambda: closed_form_size(0.1, 1.0, Uniform()), "delta=1.0"),
        (lambda: closed_form_size(0.1, 0.05, LogUniform(0.1)), "density 0"),
        (lambda: closed_form_failure(-1, 0.1, Uniform()), "n=-1"),
        (lambda: closed_form_failure(True, 0.1, Uniform()), "n=True"),
        (lambda: counting_floor(-1.0, 1.0), "eps=-1.0"),
        (lambda: counting_floor(0.1, math.inf), "window=inf"),
        (lambda: amplified_size(5, 1.0, 0.05), "failure=1.0"),
        (lambda: mixed_size([], 0.05), "at least one"),
        (lambda: mixed_size([(5, 0.5), (4, 1.0)], 0.05), "failure=1.0"),
        (lambda: mixed_size([(5, 0.5), (-4, 0.1)], 0.05), "n=-4"),
        (lambda: mixed_size([(5, 0.5)], 0.0), "delta=0.0"),
    ],
)
def test_refusals_name_the_argument(call, words):
    with pytest.raises(SltkError, match=words):
        call()
