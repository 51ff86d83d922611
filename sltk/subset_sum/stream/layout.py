"""Solutions as bytes: a header with what was asked, blocks of targets, and an end that no block can be missing before.

- Header: ``MAGIC``, the length of a JSON text (8 bytes), the text, and the SHA-256 of all that, the file's *key*.
- Block ``b``, of ``block_rows(n)`` targets, the last one of fewer: for each target ``n`` bits of its mask and one for
  ``reached`` in whole bytes, then all values, then all errors; the SHA-256 of the rows that were given; the block's own
  SHA-256, over key, ``b`` and all of these.
- End: the number of targets (8 bytes), and the SHA-256 of key, number, and the SHA-256 of every block.

Numbers are little-endian; bits of a byte count from the lowest. The bytes follow from question and answers alone.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json
from sltk.subset_sum.solve import Solution

MAGIC = b"sltk subset sums 1\n"
LONGEST = 2**16  # bytes of a header's text
LARGEST = 44  # samples of a pool
HASH, COUNT = 32, 8
END = COUNT + HASH
BLOCK, HALVED_FROM = 4096, 28  # targets of a block, and samples from which on blocks get shorter


def block_rows(n: int) -> int:
    """Targets of a block: what a kill may cost is a few seconds of search, whatever the pools."""
    return BLOCK >> max(0, (n - HALVED_FROM) // 2)


@dataclass(frozen=True)
class Layout:
    """Where things lie in the file of one question.

    Attributes:
        header: its bytes, key included.
        n: samples of a pool.
    """

    header: bytes
    n: int

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Layout":
        """That of what was asked, ``n`` among it."""
        text = canonical_json(record)
        head = MAGIC + len(text).to_bytes(COUNT, "little") + text
        return cls(head + hashlib.sha256(head).digest(), record["n"])

    @classmethod
    def read(cls, start: bytes) -> "Layout":
        """That of a file, from its first ``HEADER`` bytes.

        Raises:
            SltkError: no such file, a damaged header, or numbers in it that no writer writes.
        """
        size = len(MAGIC) + COUNT
        length = int.from_bytes(start[len(MAGIC) : size], "little")
        if not start.startswith(MAGIC) or length > LONGEST or len(start) < size + length + HASH:
            raise SltkError("it is no file of subset sums, or is cut off in its header.")
        head, text = start[: size + length], start[size : size + length]
        if hashlib.sha256(head).digest() != start[size + length : size + length + HASH]:
            raise SltkError("its header does not have the hash that it gives; the file is damaged.")
        try:
            record: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SltkError(f"its header is no JSON ({error}).") from error
        n: object = cast("dict[object, object]", record).get("n") if isinstance(record, dict) else None
        if type(n) is not int or not 0 <= n <= LARGEST:
            raise SltkError(f"the samples of a pool in its header are {n!a:.40}, and not a number from 0 to {LARGEST}.")
        return cls(start[: size + length + HASH], n)

    @property
    def record(self) -> dict[str, Any]:
        """What was asked."""
        return json.loads(self.header[len(MAGIC) + COUNT : -HASH])

    @property
    def key(self) -> bytes:
        """SHA-256 of the header."""
        return self.header[-HASH:]

    @property
    def block(self) -> int:
        """Targets of a block but the last."""
        return block_rows(self.n)

    @property
    def packed(self) -> int:
        """Bytes of a target's mask, and whether it was reached."""
        return self.n // 8 + 1

    def size(self, rows: int) -> int:
        """Bytes of a block of ``rows`` targets."""
        return rows * (self.packed + 16) + 2 * HASH

    def place(self, block: int) -> int:
        """Where a block begins."""
        return len(self.header) + block * self.size(self.block)

    def whole(self, count: int) -> int:
        """Bytes of a file of ``count`` targets."""
        full, rest = divmod(count, self.block)
        return self.place(full) + (self.size(rest) if rest else 0) + END

    def written(self, index: int, solution: Solution, given: bytes) -> bytes:
        """Block ``index``; ``given`` is the hash of the rows that were given."""
        flags = np.zeros((len(solution.value), self.packed), np.uint8)
        flags[:, : -(-self.n // 8)] = np.packbits(solution.mask, axis=1, bitorder="little")
        flags[:, self.n // 8] |= solution.reached.view(np.uint8) << (self.n % 8)
        body = b"".join([
            flags.tobytes(),
            solution.value.astype("<f8").tobytes(), solution.error.astype("<f8").tobytes(), given,
        ])  # fmt: skip
        return body + self._digest(index, body)

    def parsed(self, index: int, data: bytes) -> tuple[Solution, bytes] | None:
        """The solutions of a block, and the hash of the rows that were given; ``None`` where it is damaged."""
        rows = (len(data) - 2 * HASH) // (self.packed + 16)
        body = data[:-HASH]
        if rows < 1 or len(data) != self.size(rows) or self._digest(index, body) != data[-HASH:]:
            return None
        masks, numbers = rows * self.packed, rows * 8
        flags = np.frombuffer(body, np.uint8, masks).reshape(rows, self.packed)
        bits = np.unpackbits(flags, axis=1, count=self.n + 1, bitorder="little").view(np.bool_)
        value, error = (np.frombuffer(body, "<f8", rows, masks + k * numbers).astype(np.float64) for k in (0, 1))
        return Solution(bits[:, :-1], value, error, bits[:, -1]), body[-HASH:]

    def end(self, count: int, blocks: Iterable[bytes]) -> bytes:
        """The end of a file whose blocks have these hashes."""
        number = count.to_bytes(COUNT, "little")
        digest = hashlib.sha256(self.key + number)
        for block in blocks:
            digest.update(block)
        return number + digest.digest()

    def _digest(self, index: int, body: bytes) -> bytes:
        return hashlib.sha256(self.key + index.to_bytes(COUNT, "little") + body).digest()


HEADER = len(MAGIC) + COUNT + LONGEST + HASH  # bytes that any header fits into
