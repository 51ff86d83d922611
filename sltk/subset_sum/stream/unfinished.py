"""A file of solutions while it is written: whole blocks are kept over a kill, and the name is taken at the end.

``NAME.part`` lies beside ``NAME``, held by its writer with a lock that goes with the process.
"""

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from sltk.core.errors import SltkError
from sltk.core.temporary import hold
from sltk.subset_sum.solve import Solution
from sltk.subset_sum.stream.layout import HASH, HEADER, Layout

SUFFIX = ".part"
CURE = "Delete it, or save to another name."


class Unfinished:
    """What there is of a file of solutions, open to be read and appended to.

    Args:
        file: of the part, as it was found.
        place: where it lies.
        layout: of what is asked now.

    Raises:
        SltkError: the part answers another question.
    """

    def __init__(self, file: FileIO, place: Path, layout: Layout) -> None:
        self._file, self._place, self._layout, self._blocks = file, place, layout, list[bytes]()
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        start = file.read(HEADER)
        killed_in_it = len(start) < len(layout.header) and layout.header.startswith(start)
        if not killed_in_it and not start.startswith(layout.header):
            raise SltkError(f"{place} {_refused(start, layout)}")
        self._count = 0
        self._found = max(0, (size - len(layout.header)) // layout.size(layout.block))

    def blocks(self) -> Iterator[tuple[Solution, bytes]]:
        """Whole blocks from the first, and the hash of the rows given for each; up to one that is damaged."""
        for index in range(self._found):
            self._file.seek(self._layout.place(index))
            data = self._file.read(self._layout.size(self._layout.block))
            parsed = self._layout.parsed(index, data)
            if parsed is None:
                return
            self._blocks.append(data[-HASH:])
            self._count += self._layout.block
            yield parsed

    def append(self, solution: Solution, given: Iterable[bytes]) -> None:
        """Write solutions, whole blocks of them, but for the last ones of all; ``given`` has a hash a block."""
        block, data = self._layout.block, list[bytes]()
        for low, own in zip(range(0, len(solution.value), block), given, strict=True):
            part = slice(low, low + block)
            rows = Solution(solution.mask[part], solution.value[part], solution.error[part], solution.reached[part])
            data.append(self._layout.written(len(self._blocks), rows, own))
            self._blocks.append(data[-1][-HASH:])
            self._count += len(rows.value)
        self._write(b"".join(data))

    @property
    def count(self) -> int:
        """Targets of the blocks that were read or written."""
        return self._count

    def forget_the_rest(self) -> None:
        """Cut off what follows the blocks that were read, and go on there."""
        self._file.seek(0)
        self._write(self._layout.header)
        self._file.seek(self._layout.place(len(self._blocks)))
        self._file.truncate()

    def finish(self, path: Path) -> None:
        """Write the end, and let the part take the name ``path``."""
        self._write(self._layout.end(self._count, self._blocks))
        try:
            os.fsync(self._file.fileno())
            os.replace(self._place, path)
        except OSError as error:
            raise self._unwritten(error) from error

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> SltkError:
        return SltkError(
            f"cannot write {self._place}: {error.strerror or error}. What is in it is kept; save again when it can be."
        )


@contextmanager
def unfinished(path: Path, layout: Layout) -> Generator[Unfinished]:
    """The part of ``path``, held until the block ends; made where there is none.

    Raises:
        SltkError: a part of another question, one that another process writes, a folder that cannot be written.
    """
    place = path.with_name(path.name + SUFFIX)
    with _opened(place) as file:
        if hold(file.fileno(), wait=False) is False:
            raise SltkError(f"{place} is written by another process now; wait for it, or save to another name.")
        try:
            yield Unfinished(file, place, layout)
        finally:
            if not os.fstat(file.fileno()).st_size:  # made here, and nothing came of it
                place.unlink(missing_ok=True)


def _opened(place: Path) -> FileIO:
    """Without a buffer, of which a full disk would leave a part for the closing."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(place, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
    except OSError as error:
        raise SltkError(
            f"cannot write {place}: {error.strerror or error}. Name a file in a writable folder."
        ) from error


def _refused(start: bytes, layout: Layout) -> str:
    """Why a part that begins so is none of what is asked here."""
    try:
        return f"answers another question: {difference(Layout.read(start), layout)}"
    except SltkError as error:
        return f"is no part of this file: {error} {CURE}"


def difference(there: Layout, here: Layout) -> str:
    """The first thing in which what was asked there differs from what is asked here, and what to do."""
    one, other = _flat(there.record), _flat(here.record)
    for name in ("objective", "n", *sorted({*one, *other})):
        if one.get(name) != other.get(name):
            return f"{name} is {one.get(name)!s:.100} there and {other.get(name)!s:.100} here. {CURE}"
    return CURE


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """What was asked by the names of arguments, whatever a header says."""
    found = dict[str, Any]()
    for name, own in record.items():
        found |= own if name in ("same", "rows") and isinstance(own, dict) else {name: own}
    return found
