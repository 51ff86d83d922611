"""Formats against single operations, in exact arithmetic where it matters."""

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.core.numerics.formats import FLOAT32, FLOAT64, format_of


def worst_product(unit: float) -> float:
    """Largest relative error of a million float32 products, in ``unit``; float64 has them exactly."""
    a, b = torch.rand(2, 1_000_000, generator=torch.Generator().manual_seed(1)) + 0.5
    exact = a.double() * b.double()
    return float((((a * b).double() - exact).abs() / exact).max()) / unit


def test_the_unit_is_attained_and_never_passed() -> None:
    assert 0.98 < worst_product(FLOAT32.unit) <= 1.0
    assert worst_product(FLOAT32.unit / 2) > 1.9  # negative control: half the unit


def test_sums_of_halves_of_a_unit_lose_as_much_as_gamma_says() -> None:
    """1 and then k times u: every addition is a tie that goes back to 1."""
    k = 1000
    total = torch.ones(())
    for _ in range(k):
        total = total + FLOAT32.unit
    lost = 1.0 + k * FLOAT32.unit - float(total)
    size = 1.0 + k * FLOAT32.unit
    assert 0.99 * float(FLOAT32.gamma(k)) * size < lost <= float(FLOAT32.gamma(k)) * size


def test_gamma_says_nothing_where_the_sum_is_too_long() -> None:
    assert float(FLOAT32.gamma(2**24)) == float("inf")
    assert float(FLOAT64.gamma(3)) >= 3 * 2.0**-53


def test_other_dtypes_are_refused() -> None:
    assert format_of(torch.float64) == FLOAT64
    with pytest.raises(SltkError, match="float16"):
        format_of(torch.float16)
