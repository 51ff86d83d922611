"""The covering radius, by a table and by stretches, against enumeration in exact rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sltk.subset_sum import covering_radius, covers
from sltk.subset_sum import oracle as o
from sltk.subset_sum.widths.coverage import radius_by_stretches
from tests.property.subset_sum_problems import SETTINGS, integers, problems, slack

windows = st.tuples(st.floats(-6, 6), st.floats(-6, 6)).map(sorted)


@given(problems(largest=7), windows)
@example((np.zeros(0), 0.0), [-1.0, 0.5])
@example((np.array([4.0]), 0.0), [1.0, 1.5])
@SETTINGS
def test_covering_radius(problem, window):
    pool, (low, high) = problem[0], window
    near = slack(pool, max(abs(low), abs(high)))
    exact = o.largest_distance(pool, low, high)
    assert abs(Fraction(covering_radius(pool, low, high)) - exact) <= near
    assert abs(Fraction(radius_by_stretches(pool, low, high)) - exact) <= near
    assert (covering_radius(np.stack([pool, pool]), low, high) == covering_radius(pool, low, high)).all()


@given(problems(largest=8, entries=integers), st.tuples(st.integers(-20, 20), st.integers(-20, 20)).map(sorted))
@SETTINGS
def test_covering_radius_of_integers_is_exact(problem, window):
    pool, (low, high) = problem[0], (window[0] / 4, window[1] / 4)
    exact = o.largest_distance(pool, low, high)
    assert Fraction(covering_radius(pool, low, high)) == exact
    assert Fraction(radius_by_stretches(pool, low, high)) == exact
    if exact > 0:
        assert covers(pool, float(exact), low, high)
        assert not covers(pool, float(exact) * (1 - 1e-12), low, high)


@pytest.mark.parametrize("n", [11, 18])
def test_stretches_equal_the_table(n):
    pool = np.random.default_rng(n).uniform(-1, 1, n)
    for low, high in [(-0.5, 0.5), (0.0, 4.0), (-1e-3, 1e-3), (-9.0, 9.0), (0.3, 0.3)]:
        assert radius_by_stretches(pool, low, high) == pytest.approx(covering_radius(pool, low, high), abs=1e-14)


def test_largest_gap_rule_is_not_the_radius():
    """Negative control: the widest gap that meets the window has its midpoint outside."""
    pool, low, high = np.array([1.0, 11.0]), 0.0, 3.0
    assert covering_radius(pool, low, high) == 2.0  # 3 is 2 from 1; half of the gap (1, 11) is 5
    assert o.largest_distance(pool, low, high) == 2
