"""Largest values of multilinear errors: at the corners of a box, so a finite search in rationals is exact."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product

SIGNS = (-1, 1)


def largest(error: Callable[[Sequence[int]], Fraction], count: int) -> Fraction:
    """Largest ``|error(signs)|`` over all sign vectors of length ``count``."""
    return max(abs(error(signs)) for signs in product(SIGNS, repeat=count))


def rationals(draw, count: int, denominator: int = 16) -> list[Fraction]:
    """Random rationals in ``[-2, 2]`` from a numpy generator."""
    return [Fraction(int(k), denominator) for k in draw.integers(-2 * denominator, 2 * denominator + 1, count)]
