"""The limit on threads: what runs is counted, in the solver's own pool, in numba and in torch."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest
import torch

from sltk.core.errors import SltkError
from sltk.core.threads import beside, by_number, in_order, limit, over_cores, piece, threads
from sltk.subset_sum import solve

MANY = numba.config.NUMBA_NUM_THREADS
TWO = pytest.mark.skipif(MANY < 2, reason="one core")


@pytest.fixture(autouse=True)
def launched() -> None:
    """Numba's launch resets torch's number where they share a runtime: so it comes first."""
    numba.get_num_threads()
    torch.set_num_threads(1)


def settings() -> tuple[int, int, int]:
    return threads(), numba.get_num_threads(), torch.get_num_threads()


def used(pieces: int = 8) -> int:
    """Threads that ``over_cores`` deals pieces to: each waits a little, so that one alone cannot take them all."""
    seen = set()

    def run(_: None, low: int, high: int) -> None:
        seen.add(threading.get_ident())
        time.sleep(0.02)

    over_cores(run, pieces, 1, lambda: None)
    return len(seen)


def used_by_the_solver() -> int:
    """Threads that the kernels of the solver run in, by a backend that looks."""
    seen = set()

    class Looking:
        """Empty subsets, each found in the thread that it is dealt to."""

        name, limits = "looking", limits_of_the_default()

        def search(self, problem):
            def run(_: None, low: int, high: int) -> None:
                seen.add(threading.get_ident())
                time.sleep(0.02)

            over_cores(run, problem.count, piece(problem.count, 2**16), lambda: None)
            return problem.empty_mask(), np.ones(problem.count, bool)

    solve(np.ones((40, 3)), np.zeros(40), backend=Looking())
    return len(seen)


def limits_of_the_default():
    from sltk.subset_sum.backends import backend_named

    return backend_named("auto").limits


@TWO
def test_a_limit_binds_the_pool_numba_and_torch_and_is_restored():
    before = settings()
    for count in (1, 2):
        with limit(count):
            assert settings() == (count, count, count)
            assert used() == used_by_the_solver() == count
        assert settings() == before


def test_the_least_of_open_limits_holds():
    with limit(1):
        with limit(2):
            assert settings() == (1, 1, 1)
        assert settings() == (1, 1, 1)


@TWO
def test_a_limit_is_restored_after_an_exception_and_decorates():
    before = settings()

    @limit(2)
    def outer() -> None:
        assert settings() == (2, 2, 2)
        inner()

    @limit(1)
    def inner() -> None:
        assert settings() == (1, 1, 1)
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            outer()
        assert settings() == before


@TWO
def test_numbers_of_numba_and_torch_are_kept_to():
    """What a user has set binds the pool of the solver, from the next call on."""
    with limit(2):
        numba.set_num_threads(1)
        assert used() == threads() == 1
        numba.set_num_threads(2)
        torch.set_num_threads(1)
        assert used() == threads() == 1
        torch.set_num_threads(2)
        assert used() == threads() == 2


@TWO
def test_limits_of_several_threads_do_not_restore_each_others_numbers():
    before, entered, leave = settings(), threading.Event(), threading.Event()

    def other() -> None:
        with limit(1):
            entered.set()
            leave.wait(10)

    with limit(2):
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait(10)
        assert threads() == 1  # of all that are open the least
        with limit(1):
            leave.set()
            thread.join()
            assert settings() == (1, 1, 1)
        assert settings() == (2, 2, 2)
    assert settings() == before


@TWO
def test_threads_that_were_dealt_to_deal_no_further():
    inside = []
    with limit(2):
        over_cores(lambda _, low, high: inside.append((threads(), used(2))), 4, 1, lambda: None)
        assert inside == [(1, 1)] * 4
        assert threads() == 2


@pytest.mark.parametrize("wrong", [0, -1, 1.0, True, None, "2"])
def test_numbers_that_are_none_are_refused(wrong):
    with pytest.raises(SltkError, match="limit needs a whole number of threads"), limit(wrong):
        pass


def test_the_count_sees_a_pool_that_takes_no_notice():
    """Negative control: threads that are started in spite of the limit are counted."""
    with limit(1):
        seen = set()
        busy = [threading.Thread(target=lambda: (seen.add(threading.get_ident()), time.sleep(0.05))) for _ in range(2)]
        for thread in busy:
            thread.start()
        for thread in busy:
            thread.join()
        assert len(seen) == 2


# In a process of its own, so that no thread is there before: the operating system counts them.
COUNT = """
import json, os, sys, time
import numba, numpy as np, torch
from sltk.core.threads import limit
from sltk.subset_sum import solve

count = int(sys.argv[1])
tasks = lambda: len(os.listdir("/proc/self/task"))
rng = np.random.default_rng(0)
pool, target = rng.uniform(-1, 1, (20000, 20)), rng.uniform(-1, 1, 20000)

@numba.njit(parallel=True)
def ids(out):
    for i in numba.prange(out.size):
        out[i] = numba.get_thread_id()

def measure():
    peak = []
    from sltk.subset_sum.kernels import side_by_side
    nearest = side_by_side.nearest
    side_by_side.nearest = lambda *given: (peak.append(tasks()), nearest(*given))
    start = tasks()
    solve(pool, target)
    found = {"solver": max(peak) - start}
    while tasks() > start:  # a thread that is done takes a moment to go
        time.sleep(0.01)
    x = torch.randn(600, 600)
    for _ in range(5):
        x = torch.tanh(x @ x)
    found["torch"] = tasks() - start + 1  # before numba: their threads are the same where they share a runtime
    out = np.zeros(1000, np.int64)
    ids(out)
    found["numba"] = len(set(out.tolist()))
    return found

solve(pool[:20], target[:20])  # compiled outside of what is counted
if count:
    with limit(count):
        found = measure()
else:
    found = measure()
print(json.dumps(found))
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
@pytest.mark.parametrize(("count", "solver", "others"), [(1, 0, 1), (2, 2, 2), (0, 2, 2)])
def test_the_operating_system_counts_as_many(count, solver, others):
    """One thread runs in the caller's own; without a limit (0), the control, there are as many as the environment says.

    The machine may have one core: the environment says two.
    """
    said = {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(count)],
        env=os.environ | said,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert json.loads(done.stdout) == {"solver": solver, "numba": others, "torch": others}


@pytest.mark.parametrize("said", [{}, {"OMP_NUM_THREADS": "1"}, {"NUMBA_NUM_THREADS": "1"}], ids=str)
def test_libraries_that_are_not_imported_count_as_their_environment_says(said: dict[str, str]) -> None:
    code = "import sys; from sltk.core.threads import threads; print(threads(), {'torch', 'numba'} & set(sys.modules))"
    given = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], env=given | said, capture_output=True, text=True, check=True)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert done.stdout == f"{1 if said else cores} set()\n"


@TWO
def test_items_are_handed_on_in_order_from_threads_that_deal_no_further():
    seen, begun = set[int](), list[int]()

    def run(item: int) -> tuple[int, int]:
        seen.add(threading.get_ident())
        begun.append(item)
        time.sleep(0.02 if item % 2 else 0.001)
        return item, threads()

    with limit(2):
        found = in_order(run, range(9))
        assert next(found) == (0, 1)
        time.sleep(0.1)
        assert len(begun) < 9  # no more ahead than threads: results would lie in memory
        assert [0, *(item for item, _ in found)] == list(range(9))
        assert len(seen) == 2
        assert list(in_order(run, [3])) == [(3, 2)]  # a single item has all threads
    with limit(1):
        assert list(in_order(run, range(3))) == [(0, 1), (1, 1), (2, 1)]


@TWO
@TWO
@pytest.mark.parametrize(("count", "dealt"), [(1, 0), (2, 2), (5, 4), (6, 6)])
def test_whole_rounds_of_numbers_are_dealt_to_threads_that_have_torch_to_themselves(count: int, dealt: int) -> None:
    torch.set_num_threads(2)
    seen, inside = list[int](), set[tuple[int, int, int]]()

    def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            seen.append(number)
            inside.add((threading.get_ident(), threads(), torch.get_num_threads()))

    with limit(2):
        assert by_number(work, count) == dealt
    assert sorted(seen) == list(range(dealt))
    assert {found[1:] for found in inside} <= {(1, 1)}
    assert threading.get_ident() not in {found[0] for found in inside}
    assert torch.get_num_threads() == 2
    with limit(1):
        assert by_number(work, count) == 0


def test_what_an_item_raises_is_raised_where_it_is_handed_on():
    def run(item: int) -> int:
        return 1 // (2 - item)

    with limit(2):
        found = in_order(run, range(4))
        assert [next(found), next(found)] == [0, 1]
        with pytest.raises(ZeroDivisionError):
            next(found)


@TWO
def test_two_things_beside_one_another_are_two_threads_where_there_are_two_and_raise_what_they_raise():
    def late() -> tuple[int, float]:
        time.sleep(0.2)
        return threading.get_ident(), time.perf_counter()

    for count in (1, 2):
        with limit(count):
            begun = time.perf_counter()
            (one, _), (other, ended) = beside(late, late)
        assert one == threading.get_ident()
        assert (other != one) == (count == 2)
        assert count == 2 or ended - begun >= 0.4
        with limit(count), pytest.raises(ZeroDivisionError):
            beside(late, lambda: 1 // 0)
        with limit(count), pytest.raises(ZeroDivisionError):
            beside(lambda: 1 // 0, late)
