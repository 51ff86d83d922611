"""Multilevel splitting: the same bytes whoever computes the repetitions, limits where lines die out, refusals."""

import math
import multiprocessing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sltk.core.errors import SltkError
from sltk.core.threads import limit
from sltk.subset_sum.laws import Uniform
from sltk.subset_sum.splitting import Splitting, gathered, rare_failure_probability, student_radius


def uniform(generator: np.random.Generator, count: int, first: int, last: int) -> np.ndarray:
    return Uniform(1.0).sample(generator, (count, last - first))


def asked(seed: int = 0, **options: float) -> Splitting:
    return Splitting.of(12, [0.4, -0.9, 0.7], 0.02, uniform, particles=60, first=5, seed=seed, **options)


def of_number(number: int) -> bytes:
    return asked().repetition(number).tobytes()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**64 - 1), tilt=st.sampled_from([0.5, 0.3]), order=st.permutations(range(5)))
def test_the_order_of_repetitions_changes_nothing(seed: int, tilt: float, order: list[int]) -> None:
    question = asked(seed, tilt=tilt)
    rows = {number: question.repetition(number) for number in order}
    found = gathered(question, np.stack([rows[number] for number in range(5)]))
    assert found == rare_failure_probability(question, 5) == rare_failure_probability(question, numbers=order)
    if tilt == 0.5:  # shares of pools that all count alike fall from level to level
        assert (np.diff(np.stack(list(rows.values())), axis=1) <= 0.0).all()


def test_processes_and_threads_change_nothing() -> None:
    here = [of_number(number) for number in range(6)]
    with limit(1):
        assert [of_number(number) for number in range(6)] == here
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(of_number, range(5, -1, -1), chunksize=1) == here[::-1]
    assert len(set(here)) == 6
    assert asked(1).repetition(0).tobytes() != here[0]


def test_a_level_more_changes_no_earlier_level() -> None:
    """The estimates for fewer samples are those of the run that stops there."""
    longer = Splitting.of(13, [0.4, -0.9, 0.7], 0.02, uniform, particles=60, first=5)
    assert np.array_equal(longer.repetition(3)[:-1], asked().repetition(3))


def test_limits_where_lines_die_out() -> None:
    question = Splitting.of(4, 0.5, 0.1, uniform, particles=100, first=2)
    assert question.levels == [2, 3, 4]
    lived = np.array([[0.5, 0.2, 0.1], [0.5, 0.3, 0.2]])
    found, radius = gathered(question, lived, 0.9), student_radius(np.array([0.1, 0.2]), 0.9)
    assert math.isclose(found.p, 0.15)
    assert (found.low, found.high) == (max(0.0, found.p - radius), min(1.0, found.p + radius))
    died = gathered(question, np.array([[0.5, 0.2, 0.0], [0.5, 0.3, 0.2]]), 0.9)
    before = gathered(question, np.array([[0.5, 0.2, 0.2], [0.5, 0.3, 0.3]]), 0.9)
    assert (died.p, died.low, died.high) == (0.1, 0.0, before.high)
    nothing = gathered(question, np.zeros((2, 3)), 0.9)
    assert (nothing.p, nothing.low) == (0.0, 0.0)
    assert 0.01 < nothing.high < 0.02  # 0 of 200 pools
    assert nothing.spread == math.inf


def test_targets_that_the_empty_subset_reaches_never_fail() -> None:
    found = rare_failure_probability(Splitting.of(6, [0.01, -0.02], 0.02, uniform, particles=50), 4)
    assert found.p == found.low == 0.0


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"target": []}, {"target": math.nan}, {"eps": 0.0}, {"eps": math.inf}, {"particles": 1},
              {"first": 0}, {"step": 0}, {"tilt": 0.0}, {"tilt": 1.0}],
)  # fmt: skip
def test_what_it_refuses(wrong: dict[str, float]) -> None:
    with pytest.raises(SltkError):
        Splitting.of(**({"n": 12, "target": 0.5, "eps": 0.1, "draw": uniform} | wrong))


def test_one_repetition_has_no_interval() -> None:
    with pytest.raises(SltkError, match="at least 2 repetitions"):
        rare_failure_probability(asked(), 1)
    with pytest.raises(SltkError, match="confidence"):
        rare_failure_probability(asked(), 3, 1.0)
