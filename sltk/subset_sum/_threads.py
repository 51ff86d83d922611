"""Problems dealt out to the cores: threads that run kernels which hold no lock of the interpreter.

Plain threads, not a numba parallel loop, since they need no OpenMP runtime (which forbids a later fork), may
be entered from several threads at once, and give each core one workspace that it keeps.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numba import config

THREADS: int = vars(config)["NUMBA_NUM_THREADS"]  # the environment variable of this name, or the cores allowed


def over_cores(run: Callable[[Any, int, int], None], count: int, chunk: int, make_workspace: Callable[[], Any]) -> None:
    """Call ``run(workspace, low, high)`` on pieces of ``range(count)`` of length ``chunk``, on every core.

    Args:
        run: handles the problems ``low..high-1``; pieces must not depend on one another.
        count: number of problems.
        chunk: problems in a piece.
        make_workspace: makes the ``workspace`` of one thread.
    """
    starts = iter(range(0, count, chunk))

    def work() -> None:
        workspace = make_workspace()
        for low in starts:
            run(workspace, low, min(low + chunk, count))

    threads = min(THREADS, -(-count // chunk))
    if threads <= 1:
        work()
        return
    with ThreadPoolExecutor(threads) as executor:
        for done in [executor.submit(work) for _ in range(threads)]:
            done.result()


def piece(count: int, work: float) -> int:
    """Problems in a piece, of ``work`` steps each: a share of every core, in pieces of 0.1 to 10 milliseconds."""
    return max(1, int(2**16 / work), min(int(2**22 / work), -(-count // (4 * THREADS))))
