"""Temporary files and folders beside what they become, told from orphans by a lock.

A temporary is ``.NAME.HEX.part`` in the folder of ``NAME``. Its writer holds a lock on it, which goes with the process,
killed or not: a temporary that nobody holds is an orphan, whatever process numbers have been used again since. Where a
file system has no locks, one that is older than ``AGE`` is.
"""

import errno
import glob
import os
import secrets
import shutil
import time
from collections.abc import Generator, Mapping
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
def temporary(path: Path, mode: int) -> Generator[tuple[BinaryIO, Path]]:
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


def whole_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder ``path`` with ``files`` in it, so that a reader finds all of them or none.

    Raises:
        OSError: the folder is there and not empty, or cannot be written.
    """
    sweep(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.with_name(f".{path.name}.{secrets.token_hex(DIGITS)}.part")
    place.mkdir()
    try:
        with _opened(place) as held:
            hold(held, wait=True)
            for name, data in files.items():
                with (place / name).open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            os.fsync(held)
            place.rename(path)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def sweep(path: Path) -> int:
    """Remove the orphans of ``path``, temporaries that no living process writes; how many there were."""
    pattern = f".{glob.escape(path.name)}.{'[0-9a-f]' * 2 * DIGITS}.part"
    return sum(_removed(place) for place in list(path.parent.glob(pattern)))


def hold(handle: int, wait: bool) -> bool | None:
    """Lock what ``handle`` opened; whether it is locked here now, ``None`` where there are no locks.

    Raises:
        OSError: the file system fails in another way than by having no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in WITHOUT_LOCKS:
            return None
        raise
    return True


def let_go(handle: int) -> None:
    """Give back a lock that ``hold`` took, also where a forked child has the same handle."""
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _made(path: Path, mode: int) -> tuple[BinaryIO, Path]:
    while True:
        place = path.with_name(f".{path.name}.{secrets.token_hex(DIGITS)}.part")
        # O_EXCL: never through a file or a link that is there already. The mode is subject to the user's umask.
        file = os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")
        hold(file.fileno(), wait=True)
        if os.fstat(file.fileno()).st_nlink:  # else it was swept before it was held
            return file, place
        file.close()


def _removed(place: Path) -> bool:
    with suppress(OSError), _opened(place) as handle:
        held = hold(handle, wait=False)
        if held is None:
            held = time.time() - os.fstat(handle).st_mtime > AGE
        if held and os.fstat(handle).st_nlink:
            shutil.rmtree(place) if place.is_dir() else place.unlink()
            return True
    return False


@contextmanager
def _opened(place: Path) -> Generator[int]:
    handle = os.open(place, os.O_RDONLY if place.is_dir() else os.O_RDWR)
    try:
        yield handle
    finally:
        os.close(handle)
