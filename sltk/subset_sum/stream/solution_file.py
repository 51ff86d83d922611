"""Solutions in a file, read block by block; nothing in it is believed that its hashes do not bear out."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sltk.core.errors import SltkError
from sltk.subset_sum.solve import Solution
from sltk.subset_sum.stream.layout import COUNT, END, HASH, HEADER, Layout

CURE = "Delete it and save the stream again."


class SolutionFile:
    """What ``SolutionStream.save`` has written: as many solutions as there were targets, in their order.

    Opening reads the header, the end and the hash of every block, ``O(targets / 4096)``; solutions are read when they
    are asked for, and never more than a block of them beside the answer.

    Args:
        path: of the file.

    Attributes:
        layout: where things lie in it.

    Raises:
        SltkError: no such file, one that was not written whole, or a damaged one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                self.layout = Layout.read(file.read(HEADER))
                self._count = self._counted(file)
        except OSError as error:
            raise SltkError(f"cannot read {self.path}: {error.strerror or error}. Check the path.") from error
        except SltkError as error:
            raise SltkError(f"{self.path}: {error} {CURE}") from error

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"SolutionFile({str(self.path)!r}: {self._count:,} targets, n={self.n})"

    @property
    def n(self) -> int:
        """Samples of a pool."""
        return self.layout.n

    @property
    def question(self) -> dict[str, Any]:
        """What was asked: objective, laws and seeds of what was drawn, hashes of what all targets share."""
        return self.layout.record

    def __iter__(self) -> Iterator[Solution]:
        """All solutions in order, a block at a time."""
        for solution, _ in self.blocks():
            yield solution

    def blocks(self) -> Iterator[tuple[Solution, bytes]]:
        """Solutions of each block, and the hash of the rows that were given for it.

        Raises:
            SltkError: a damaged block.
        """
        for index in range(-(-self._count // self.layout.block)):
            yield self._block(index)

    def rows(self, low: int, high: int) -> Solution:
        """Solutions of the targets ``low .. high - 1``, counted from 0.

        Raises:
            SltkError: a range outside of ``0 .. len``, or a damaged block.
        """
        if not 0 <= low <= high <= self._count:
            raise SltkError(f"rows needs 0 <= low <= high <= {self._count}, but got low={low}, high={high}.")
        size = self.layout.block
        first = low // size
        found = [self._block(index)[0] for index in range(first, -(-high // size))] if high > low else []
        part = slice(low - first * size, high - first * size)
        none = Solution(np.zeros((0, self.n), np.bool_), np.zeros(0), np.zeros(0), np.zeros(0, np.bool_))
        return Solution(*(np.concatenate(own)[part] for own in zip(*map(_fields, [none, *found]), strict=True)))

    def _block(self, index: int) -> tuple[Solution, bytes]:
        layout = self.layout
        with self.path.open("rb") as file:
            file.seek(layout.place(index))
            rows = min(layout.block, self._count - index * layout.block)
            found = layout.parsed(index, file.read(layout.size(rows)))
        if found is None:
            first = index * layout.block
            raise SltkError(f"{self.path}: block {index}, targets {first} to {first + rows - 1}, is damaged. {CURE}")
        return found

    def _counted(self, file: BinaryIO) -> int:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - END))
        end = file.read()
        count = int.from_bytes(end[:COUNT], "little")
        if self.layout.whole(count) != size:
            raise SltkError(f"it has {size} bytes, not those of the {count} targets that its end says; it is cut off.")
        if self.layout.end(count, self._hashes(file, count)) != end:
            raise SltkError("its end does not have the hash of its blocks; the file is damaged.")
        return count

    def _hashes(self, file: BinaryIO, count: int) -> Iterator[bytes]:
        layout = self.layout
        for low in range(0, count, layout.block):
            file.seek(layout.place(low // layout.block) + layout.size(min(layout.block, count - low)) - HASH)
            yield file.read(HASH)


def _fields(solution: Solution) -> tuple[Any, ...]:
    return solution.mask, solution.value, solution.error, solution.reached
