"""A file that one process at a time reads and appends to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sltk.core.temporary import WITHOUT_LOCKS

try:
    import fcntl
except ImportError:  # no such locks on this system: then one process writes a file at a time
    fcntl = None


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """``path``, open to be read and appended to, for as long as no other process has it so; made where it is not there.

    The lock is advisory and goes with the process that holds it, killed or not. A file that was replaced while this
    process waited is let go, and the one that has the name now is locked.

    Raises:
        OSError: the file cannot be opened.
    """
    while True:
        with path.open("a+b") as file:
            _lock(file)
            if _has_the_name(file, path):
                yield file
                return


def _lock(file: BinaryIO) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise


def _has_the_name(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
