"""Rows that are drawn where they are read, from one named stream, so that none is ever stored."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sltk.core import rng
from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.philox import INDEX_LIMIT
from sltk.subset_sum.laws import Law
from sltk.subset_sum.laws.draws import drawn, drawn_on, drawn_range

if TYPE_CHECKING:
    import torch

PIECE = 2**16  # numbers drawn at a time: in the caches, and what a draw takes beside its result stays below 4 MiB


@dataclass(frozen=True)
class Drawn:
    """Pools or targets of a law: number ``k`` of row ``r`` is draw ``r n + k`` of the stream ``("drawn", name)``.

    The same numbers whatever rows are read, in whatever order, on whatever device: a function of ``law``, ``seed``,
    ``name`` and the place alone. Each is exact in float32.

    Args:
        law: of every number.
        seed: root seed.
        name: of the stream; pools and targets take two.
        n: numbers of a row, at least 1, say the samples of a pool; ``None`` for one number a row, a target.
        count: rows; ``None`` for as many as there are of what is solved beside them.

    Raises:
        SltkError: a seed out of range, ``n`` or ``count`` below 1 or together beyond ``2**63`` numbers.
    """

    law: Law
    seed: int
    name: str
    n: int | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        rng.key(self.seed, "drawn", self.name)
        for what, value in (("n", self.n), ("count", self.count)):
            if value is not None and value < 1:
                raise SltkError(f"Drawn needs {what} >= 1, or None, but got {what}={value}.")
        if self.width * (self.count or 1) > INDEX_LIMIT:
            raise SltkError(f"Drawn has at most 2**63 numbers, but got n={self.n} in each of count={self.count} rows.")

    @property
    def width(self) -> int:
        """Numbers of a row."""
        return 1 if self.n is None else self.n

    @property
    def row(self) -> tuple[int, ...]:
        """Shape of a row."""
        return () if self.n is None else (self.n,)

    def record(self) -> dict[str, object]:
        """All that fixes a number at its place."""
        return {"law": self.law.spec(), "seed": self.seed, "name": self.name}

    def rows(self, low: int, high: int) -> Values:
        """Rows ``low .. high - 1``, ``(high - low, n)`` or ``(high - low,)``."""
        start, stop = low * self.width, high * self.width
        found = np.empty(stop - start)
        for first in range(start, stop, PIECE):
            last = min(first + PIECE, stop)
            found[first - start : last - start] = drawn_range(self.law, self._key, first, last)
        return found.reshape(-1, *self.row)

    def at(self, rows: Indices) -> Values:
        """The rows of these numbers, ``(rows, n)`` or ``(rows,)``."""
        flat = rows[:, None] * self.width + np.arange(self.width)
        return drawn(self.law, self._key, flat).reshape(-1, *self.row)

    def on(self, low: int, high: int, device: "torch.device") -> "torch.Tensor":
        """``rows`` on a device, drawn there where the law is ``arithmetic``: float64, the same bits."""
        import torch

        if not self.law.arithmetic:
            return torch.as_tensor(self.rows(low, high), device=device)
        start, stop = low * self.width, high * self.width
        found = torch.empty(stop - start, dtype=torch.float64, device=device)
        size = PIECE if device.type == "cpu" else 64 * PIECE
        for first in range(start, stop, size):
            flat = torch.arange(first, min(first + size, stop), device=device)
            found[first - start : first - start + size] = drawn_on(self.law, self._key, flat)
        return found.view(-1, *self.row)

    @property
    def _key(self) -> int:
        return rng.key(self.seed, "drawn", self.name)
