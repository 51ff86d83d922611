"""Rounding is one-sided: what leaves is at least the real number, held against exact rationals."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor

from sltk.core.numerics.intervals import Interval, apart, joined, widened
from sltk.core.numerics.rounding import swell, up
from sltk.core.rng import torch_stream


def draws(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch_stream(0, "tests", "rounding"), dtype=torch.float64) + 1e-3


def exact(values: Tensor) -> list[Fraction]:
    return [Fraction(value) for value in values.flatten().tolist()]


def test_up_is_the_next_number_and_zeros_stay() -> None:
    x = torch.tensor([0.0, -0.0, 1.0, -1.0, 5e-324, 1e300], dtype=torch.float64)
    nexts = [0.0, 0.0, 1.0 + 2.0**-52, -1.0 + 2.0**-53, 1e-323]
    assert up(x)[:5].tolist() == nexts
    assert up(x)[5] > x[5]


@pytest.mark.parametrize("operation", ["+", "*"])
def test_up_bounds_a_rounded_operation(operation: str) -> None:
    a, b = draws(2, 2000)
    rounded = a + b if operation == "+" else a * b
    wanted = [p + q if operation == "+" else p * q for p, q in zip(exact(a), exact(b), strict=True)]
    assert all(found >= real for found, real in zip(exact(up(rounded)), wanted, strict=True))
    assert any(found < real for found, real in zip(exact(rounded), wanted, strict=True))  # negative control


def test_swell_bounds_a_sum_of_products() -> None:
    a, b = draws(2, 300, 40)
    total = (a * b).sum(1)
    wanted = [sum(p * q for p, q in zip(exact(x), exact(y), strict=True)) for x, y in zip(a, b, strict=True)]
    assert all(found >= real for found, real in zip(exact(swell(total, 40)), wanted, strict=True))
    assert any(found < real for found, real in zip(exact(total), wanted, strict=True))  # negative control


def test_intervals_move_outward() -> None:
    a, b, errors = draws(3, 2000)
    x, y = Interval(-a, b), Interval(-b, a)
    sums, wide, far = joined(x, [y]), widened(x, errors), apart(x, y)
    for n, (p, q, e) in enumerate(zip(exact(a), exact(b), exact(errors), strict=True)):
        assert Fraction(float(sums.low[n])) <= -p - q
        assert Fraction(float(sums.high[n])) >= p + q
        assert Fraction(float(wide.low[n])) <= -p - e
        assert Fraction(float(wide.high[n])) >= q + e
        assert Fraction(float(far[n])) >= max(p + p, q + q)  # of a - (-a), and of b - (-b)
