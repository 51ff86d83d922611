"""Limits of the search for least errors count what the search does."""

import pytest

from experiments.bench.limits import exchanges, limits, steps


def exchanged(size: int) -> int:
    """Compare-exchanges that merge two lists of ``size``, counted one by one."""
    count, stride = 0, size
    while stride:
        count += sum(not k & stride for k in range(2 * size))
        stride //= 2
    return count


@pytest.mark.parametrize("n", [7, 8, 15, 20])
def test_exchanges_and_steps_are_counted(n: int) -> None:
    half = (n - 1) // 2
    ways = 2 ** (n - 2 * half)
    lists = sum(exchanged(2**k) for k in range(half))
    assert exchanges(n) == 2 * lists + ways * exchanged(2**half)
    assert steps(n) == 2 * sum(2 * 2**k for k in range(half)) + ways * 2 * 2**half


def test_each_size_has_the_limit_of_its_own_search() -> None:
    found = limits([15, 30], 2)
    assert "compare-exchanges" in found[15][1]
    assert "steps" in found[30][1]
    assert 0.0 < found[30][0] < found[15][0]
