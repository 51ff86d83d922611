"""Whether pools reach targets, against the solver; and that the comparison notices a look that stops short."""

import numpy as np
import pytest

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.core.threads import limit
from sltk.subset_sum import solve
from sltk.subset_sum.kernels import missed as kernels
from sltk.subset_sum.missed import missed

SIZES = (1, 2, 3, 7, 8, 9, 12, 13, 17, 22)


def problems(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Pools of which every third has scarce positive samples, with three targets each."""
    generator = stream(seed, "test", "missed", n)
    pool = generator.uniform(-2, 2, (600, n)) * generator.uniform(-1, 1, (600, n))
    pool[::3] = np.where(generator.random((200, n)) < 0.9, -np.abs(pool[::3]), pool[::3])
    return pool, generator.uniform(-1, 1, (600, 3)), 0.2 if n < 10 else 0.01


def differing(n: int, seed: int) -> int:
    pool, target, eps = problems(n, seed)
    said = [~solve(pool, target[:, t], eps=eps, objective="error").reached for t in range(3)]
    return int((missed(pool, target, eps) != np.stack(said, axis=1)).sum())


@pytest.mark.parametrize("n", SIZES)
def test_it_says_what_the_solver_says(n: int) -> None:
    for seed in range(3):
        assert differing(n, seed) == 0, seed


def test_the_comparison_notices_samples_that_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "looks", lambda n: np.array([n - 1], dtype=np.int64))
    assert all(differing(n, 0) > 0 for n in (7, 9, 12))


def test_sums_that_are_exact_reach_their_targets_to_the_last_bit() -> None:
    pool = np.array([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]])
    targets = np.arange(-3.0, 516.0)[None, :]
    found = missed(pool, targets, 0.5)[0]
    assert np.array_equal(found, (targets[0] < 0) | (targets[0] > 511))
    assert missed(pool, np.array([[511.5, 511.75, -0.5, -0.75]]), 0.5)[0].tolist() == [False, True, False, True]


def test_targets_beyond_the_count_are_never_missed() -> None:
    pool, target, eps = problems(3, 0)
    some = np.arange(600) % 4
    whole, part = missed(pool, target, eps), missed(pool, target, eps, some)
    inside = np.arange(3)[None, :] < some[:, None]
    assert np.array_equal(part, whole & inside)
    assert (whole & ~inside).any()


def test_threads_change_nothing() -> None:
    pool, target, eps = problems(13, 1)
    with limit(1):
        one = missed(pool, target, eps)
    assert np.array_equal(one, missed(pool, target, eps))


@pytest.mark.parametrize(
    ("pool", "target", "eps"),
    [
        (np.ones(3), np.ones((3, 1)), 0.1),
        (np.ones((3, 2)), np.ones((2, 1)), 0.1),
        (np.ones((3, 2)), np.ones(3), 0.1),
        (np.ones((3, 41)), np.ones((3, 1)), 0.1),
        (np.ones((3, 2)), np.ones((3, 1)), 0.0),
        (np.full((3, 2), np.nan), np.ones((3, 1)), 0.1),
    ],
)
def test_what_it_refuses(pool: np.ndarray, target: np.ndarray, eps: float) -> None:
    with pytest.raises(SltkError):
        missed(pool, target, eps)
