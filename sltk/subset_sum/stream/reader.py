"""One stretch of rows after another, of all arguments alike, with a hash of what was given."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sltk.core.errors import SltkError
from sltk.subset_sum.stream.drawn import Drawn
from sltk.subset_sum.stream.question import Question
from sltk.subset_sum.stream.rows import Rows


@dataclass(frozen=True)
class Chunk:
    """Consecutive targets.

    Attributes:
        low: number of the first.
        count: how many.
        rows: by argument, what differs from target to target.
        hashes: SHA-256 of the rows that were given, one a block; empty where no blocks were asked for.
    """

    low: int
    count: int
    rows: Mapping[str, Rows]
    hashes: list[bytes]


class Reader:
    """Chunks of a question in order.

    Args:
        question: whose rows are read.
        start: the first row.
        undrawn: arguments that are drawn elsewhere.
        block: targets whose rows are hashed together, from ``start`` on; ``None`` for no hashes.
    """

    def __init__(
        self, question: Question, start: int = 0, undrawn: frozenset[str] = frozenset(), block: int | None = None
    ) -> None:
        self._question, self._at, self._undrawn, self._block = question, start, undrawn, block
        self._given = question.given()

    @property
    def at(self) -> int:
        """The next row."""
        return self._at

    def next(self, size: int) -> Chunk | None:
        """The next ``size`` targets, fewer at the end; ``None`` after it.

        Raises:
            SltkError: an argument that ends before another.
        """
        low, total = self._at, self._question.count
        high = low + size if total is None else min(low + size, total)
        # One row more at the end, where an iterator may have too many.
        rows = {name: self._question.rows[name].rows(low, max(high, low + 1)) for name in self._given}
        count = self._counted({name: len(own) for name, own in rows.items()}, high - low)
        if not count:
            return None
        self._at = low + count
        hashes = self._hashes(rows, count)
        for name, own in self._question.rows.items():
            if isinstance(own, Drawn) and name not in self._undrawn:
                rows[name] = own.rows(low, low + count)
        return Chunk(low, count, rows, hashes)

    def _counted(self, counts: Mapping[str, int], most: int) -> int:
        total = self._question.count
        wanted = max(counts.values(), default=most) if total is None else most
        for name, count in counts.items():
            if count != wanted:
                more = "more" if count > wanted else "no more"
                raise SltkError(
                    f"all that has a row a target must have as many rows, but {name} has {more} after row "
                    f"{self._at + min(count, wanted)}, where others "
                    f"{'end' if count > wanted else 'go on'}; cut them alike."
                )
        return wanted

    def _hashes(self, rows: Mapping[str, Rows], count: int) -> list[bytes]:
        return [_hash(rows, low, low + self._block) for low in range(0, count, self._block)] if self._block else []


def _hash(rows: Mapping[str, Rows], low: int, high: int) -> bytes:
    """SHA-256 of rows by name, kind and shape."""
    digest = hashlib.sha256()
    for name, own in rows.items():
        part = own[low:high]
        digest.update(f"{name} {part.dtype.newbyteorder('<').str} {part.shape} ".encode())
        digest.update(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).data)
    return digest.digest()
