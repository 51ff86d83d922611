"""Temporary files beside the file that they become, told from orphans by a lock.

A temporary is ``.NAME.HEX.part`` in the folder of ``NAME``. Its writer holds a lock on it, which goes with the process,
killed or not: a temporary that nobody holds is an orphan, whatever process numbers have been used again since. Where a
file system has no locks, one that is older than ``AGE`` is.
"""

import errno
import glob
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # no such locks on this system
    fcntl = None

AGE = 24 * 3600.0  # seconds after which a temporary is an orphan where there are no locks
DIGITS = 8  # bytes of the name's number in hexadecimal
WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # what a file system without locks says


@contextmanager
def temporary(path: Path, mode: int) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file beside ``path``, open to be written and held; removed where the block fails.

    Raises:
        OSError: the folder cannot be written.
    """
    file, place = _made(path, mode)
    try:
        with file:
            yield file, place
    except BaseException:
        place.unlink(missing_ok=True)
        raise


def sweep(path: Path) -> int:
    """Remove the orphans of ``path``, temporaries that no living process writes; how many there were."""
    pattern = f".{glob.escape(path.name)}.{'[0-9a-f]' * 2 * DIGITS}.part"
    return sum(_removed(place) for place in list(path.parent.glob(pattern)))


def _made(path: Path, mode: int) -> tuple[BinaryIO, Path]:
    while True:
        place = path.with_name(f".{path.name}.{secrets.token_hex(DIGITS)}.part")
        # O_EXCL: never through a file or a link that is there already. The mode is subject to the user's umask.
        file = os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")
        _hold(file, wait=True)
        if os.fstat(file.fileno()).st_nlink:  # else it was swept before it was held
            return file, place
        file.close()


def _removed(place: Path) -> bool:
    with suppress(OSError), place.open("r+b") as file:
        held = _hold(file, wait=False)
        if held is None:
            held = time.time() - os.fstat(file.fileno()).st_mtime > AGE
        if held and os.fstat(file.fileno()).st_nlink:
            place.unlink()
            return True
    return False


def _hold(file: BinaryIO, wait: bool) -> bool | None:
    """Whether ``file`` is locked here now; ``None`` where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in WITHOUT_LOCKS:
            return None
        raise
    return True
