"""What differs from target to target, read row after row: arrays of any size, chunks of an iterator, draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.subset_sum.problem import floats

Rows = NDArray[Any]


class Source(Protocol):
    """Rows of one argument."""

    @property
    def count(self) -> int | None:
        """How many; ``None`` where that is not known before the end, or is for others to say."""
        ...

    @property
    def row(self) -> tuple[int, ...]:
        """Shape of a row."""
        ...

    def rows(self, low: int, high: int) -> Rows:
        """Rows ``low .. high - 1``, fewer at the end."""
        ...


@dataclass(frozen=True)
class Stored:
    """Rows of an array, in memory or on disk (``numpy.memmap``, or what else has a shape and slices)."""

    name: str
    values: Any

    @property
    def count(self) -> int:
        """Rows of the array."""
        return int(self.values.shape[0])

    @property
    def row(self) -> tuple[int, ...]:
        """Shape of a row."""
        return tuple(self.values.shape[1:])

    def rows(self, low: int, high: int) -> Rows:
        """A copy in memory, so that no search waits for a disk."""
        return copied(self.name, self.values[low:high])


class Chunked:
    """Rows that an iterator brings in chunks of any sizes; read once.

    Args:
        name: of the argument.
        chunks: arrays ``(rows, ...)``; each is copied before the next is asked for.

    Raises:
        SltkError: no chunk at all.
    """

    count = None

    def __init__(self, name: str, chunks: Iterator[Any]) -> None:
        self._name, self._chunks = name, chunks
        self._at: int = 0
        first = next(chunks, None)
        self._ahead = np.zeros(()) if first is None else copied(name, first)
        if not self._ahead.ndim:
            got = "it has none" if first is None else f"its first is the number {first!r}"
            raise SltkError(
                f"{name} is an iterator, which must bring chunks, arrays (rows, ...), but {got}; pass an array, or cut "
                "it into chunks."
            )
        self.row: tuple[int, ...] = self._ahead.shape[1:]  # which only the first chunk says

    def rows(self, low: int, high: int) -> Rows:
        """The next ``high - low`` rows.

        Raises:
            SltkError: other rows than the next, or a chunk with rows of another shape.
        """
        if low != self._at:
            raise SltkError(
                f"{self._name} is an iterator, which is read once, but row {low} was asked for after row {self._at}; "
                "pass an array, or make a new iterator for another reading."
            )
        parts = [self._ahead[:0]]
        while self._at < high and self._advance():
            parts.append(self._ahead[: high - self._at])
            self._ahead = self._ahead[high - self._at :]
            self._at += int(parts[-1].shape[0])
        return np.concatenate(parts)

    def _advance(self) -> bool:
        """Whether there is a row ahead, after asking for chunks where none is left."""
        while not len(self._ahead):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._ahead = copied(self._name, chunk)
            if self._ahead.shape[1:] != self.row or not self._ahead.ndim:
                raise SltkError(
                    f"chunks of {self._name} must have rows of one shape, {self.row} as the first has, but one of "
                    f"shape {self._ahead.shape} came; cut them alike."
                )
        return True


def copied(name: str, values: Any) -> Rows:
    """``values`` as ``solve`` reads them, in memory of their own: float64, whole numbers (size) or flags (locked)."""
    if name in ("size", "locked"):
        return np.array(values)
    return floats(name, values).copy()
