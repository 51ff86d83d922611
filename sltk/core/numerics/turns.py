"""Several processes that need one kernel at the same time: the first compiles it, the others wait and load it.

Who compiles holds a lock on a file beside the machine code, which goes with the process, killed or not. A kernel's lock
is taken before those of the kernels that it calls, and no kernel calls its callers: so no two processes wait for each
other. In one process numba's own lock comes first, so that no two threads do either. Numba writes the index of a
kernel's machine code in two steps, which the lock holds together besides.
"""

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sltk.core.temporary import hold, let_go

PATIENCE = 60.0  # seconds after which a kernel is compiled here too: the dearest takes six on an idle core
STEP = 0.01


def in_turn(compile_one: Callable[[Any], Any], place: Path, patience: float = PATIENCE) -> Callable[[Any], Any]:
    """``compile_one`` of a kernel, which looks for machine code first, in one process at a time.

    Args:
        compile_one: takes a signature; numba's ``Dispatcher.compile``.
        place: the file that is locked; it is made, and stays.
        patience: seconds to wait for another process; then the kernel is compiled here too, which only costs time.
    """
    from numba.core.compiler_lock import global_compiler_lock  # pyright: ignore[reportUnknownVariableType]

    def compile_alone(signature: Any) -> Any:
        with global_compiler_lock, _held(place, patience):
            return compile_one(signature)

    return compile_alone


@contextmanager
def _held(place: Path, patience: float) -> Generator[None]:
    """Hold ``place`` as long as the block runs; go on without where it cannot be locked, or not in time."""
    handle = _locked(place, time.monotonic() + patience)
    try:
        yield
    finally:
        if handle is not None:
            let_go(handle)
            os.close(handle)


def _locked(place: Path, until: float) -> int | None:
    """A handle of ``place``, which is locked here now; ``None`` where it cannot be, or is not in time."""
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:  # a cache that can only be read
        return None
    while (held := hold(handle, wait=False)) is False and time.monotonic() < until:
        time.sleep(STEP)
    if held:
        return handle
    os.close(handle)
    return None
