"""Closed form, counting floor, amplification: values by hand, and what must be refused."""

import math
from fractions import Fraction

import pytest

from sltk.core.errors import SltkError
from sltk.subset_sum.bounds import amplified_size, closed_form_failure, closed_form_size, counting_floor
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
    ],
)
def test_refusals_name_the_argument(call, words):
    with pytest.raises(SltkError, match=words):
        call()
