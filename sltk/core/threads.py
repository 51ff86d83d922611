"""How many threads a computation may use: one limit for torch, for numba, and for the problems dealt out here.

Rule. A limit holds for the whole process while it is open, as torch's own number does; of all that are open, in
whatever thread, the least is in force. So an inner limit can lower an outer one and cannot raise it, and limits opened
in several threads at once do not restore each other's numbers. What was set before the first of them opened is
restored when the last one closes. Numba keeps a number for each thread: a limit sets and restores that of its own.

Work is dealt out to plain threads that run kernels which hold no lock of the interpreter: they need no OpenMP runtime
(which forbids a later fork), may be entered from several threads at once, and give each core a workspace that it keeps.
What is called in a thread that was made here is dealt out no further: ``threads()`` is 1 there.

A forked child has one thread in all. Torch waits there for ever for the threads that its parent had, so a child starts
with torch's number at 1, as torch's own workers for data do; who sets it to more has to know that no parent has used
torch on several threads.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sltk.core.errors import SltkError

Workspace = TypeVar("Workspace")
Item = TypeVar("Item")
Result = TypeVar("Result")

_lock = threading.Lock()
_open: list[int] = []
_before: list[int] = []  # torch's number when the first limit opened
_thread = threading.local()


def threads() -> int:
    """Threads in force here: the least of numba's number, torch's, and the limits that are open.

    Without a limit or a call of ``numba.set_num_threads`` or ``torch.set_num_threads`` these are the cores, or what the
    environment says (``NUMBA_NUM_THREADS``, ``OMP_NUM_THREADS``). They are read at every call. A library that is not
    imported yet counts as what its variable says, or as the cores.
    """
    if getattr(_thread, "dealt_to", False):
        return 1
    return min(_of_numba(), _of_torch(), *_open)


@contextmanager
def limit(count: int) -> Generator[None, None, None]:
    """Let torch, numba and ``over_cores`` use at most ``count`` threads; ``with limit(1):``, or ``@limit(1)``.

    Raises:
        SltkError: ``count`` is not a whole number of at least 1.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SltkError(f"limit needs a whole number of threads, at least 1, but got {count!r}; limit(1) is one.")
    own = _open_limit(count)
    try:
        yield
    finally:
        _close_limit(count, own)


def over_cores(
    run: Callable[[Workspace, int, int], None], count: int, chunk: int, make_workspace: Callable[[], Workspace]
) -> None:
    """Call ``run(workspace, low, high)`` on pieces of ``range(count)`` of length ``chunk``, on ``threads()`` threads.

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

    helpers = 1 if count <= chunk else min(threads(), -(-count // chunk))
    if helpers <= 1:
        work()
        return
    with ThreadPoolExecutor(helpers, initializer=_deal_no_further) as executor:
        for done in [executor.submit(work) for _ in range(helpers)]:
            done.result()


def by_number(work: Callable[[Iterator[int]], None], count: int) -> int:
    """Call ``work`` on ``threads()`` threads, which take the numbers of a range from one iterator; how many there were.

    For work of many steps, library calls among them, of which each thread does whole items: in it torch has one thread
    too. Numbers are given out in whole rounds, one a thread; what is left of ``count`` is not.
    """
    helpers = threads()
    rounds = count // helpers * helpers if helpers > 1 else 0
    if rounds:
        numbers = iter(range(rounds))
        with limit(1), ThreadPoolExecutor(helpers, initializer=_deal_no_further) as executor:
            for done in [executor.submit(work, numbers) for _ in range(helpers)]:
                done.result()
    return rounds


def in_order(run: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """``run(item)`` of each item, in order, computed on ``threads()`` threads: as many at a time, and no more ahead.

    For work of many steps, of which some would be left to one core if each of them dealt out its own; a single item
    deals out its own.
    """
    helpers = min(threads(), len(items))
    if helpers <= 1:
        yield from map(run, items)
        return
    with ThreadPoolExecutor(helpers, initializer=_deal_no_further) as executor:
        ahead = deque[Future[Result]]()
        for item in items:
            ahead.append(executor.submit(run, item))
            if len(ahead) > helpers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def beside(run: Callable[[], Item], other: Callable[[], Result]) -> tuple[Item, Result]:
    """Both results, ``other`` computed in a thread of its own beside ``run`` where there are two; each as alone."""
    if threads() < 2:
        return run(), other()
    with ThreadPoolExecutor(1) as executor:
        later = executor.submit(other)
        return run(), later.result()


def piece(count: int, work: float) -> int:
    """Problems in a piece, of ``work`` steps each: a share of every core, in pieces of 0.1 to 10 milliseconds."""
    least = max(1, int(2**16 / work))
    return least if count <= least else max(least, min(int(2**22 / work), -(-count // (4 * threads()))))


def _in_child() -> None:
    _lock.release()
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads"):
        _before[:] = [1]
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    # The lock is held across the fork, so that no child gets it as another thread had it.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_in_child)


def _deal_no_further() -> None:
    _thread.dealt_to = True


def _of_numba() -> int:
    """Numba's number of threads; its threads are not launched to be asked for it."""
    if "numba" not in sys.modules:
        return _from_environment("NUMBA_NUM_THREADS")
    from numba.np.ufunc import get_num_threads, threading_layer

    try:
        threading_layer()
    except ValueError:  # not launched, and so never set
        return _largest_of_numba()
    return get_num_threads()


def _of_torch() -> int:
    torch = sys.modules.get("torch")
    # While another thread imports it, it is there without its names.
    asked = None if torch is None else getattr(torch, "get_num_threads", None)
    return _from_environment("OMP_NUM_THREADS") if asked is None else int(asked())


def _from_environment(name: str) -> int:
    """Cores allowed, or fewer where the environment says so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    said = os.environ.get(name, "")
    return int(said) if said.isdecimal() and int(said) > 0 else cores


def _largest_of_numba() -> int:
    """``NUMBA_NUM_THREADS`` of the environment, or the cores allowed."""
    from numba import config

    return int(vars(config)["NUMBA_NUM_THREADS"])


def _open_limit(count: int) -> int:
    """Enter ``count`` among the limits that are open; numba's number of this thread before that."""
    import numba
    import torch

    with _lock:
        if not _open:
            _before[:] = [torch.get_num_threads()]
        _open.append(count)
        own = numba.get_num_threads()
        numba.set_num_threads(min(*_open, _largest_of_numba()))
        torch.set_num_threads(min(_open))
    return own


def _close_limit(count: int, own: int) -> None:
    import numba
    import torch

    with _lock:
        _open.remove(count)
        numba.set_num_threads(own)
        torch.set_num_threads(min(_open) if _open else _before[0])
