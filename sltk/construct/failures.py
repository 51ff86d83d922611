"""Parameters whose pool did not reach its target: recorded, never redrawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError

Whole = Sequence[int] | NDArray[np.int64]
Real = Sequence[float] | NDArray[np.float64]

KINDS = ("weight", "weight+", "weight-", "bias")


class Failure(NamedTuple):
    """One subset-sum problem that was not solved within its tolerance.

    ``kind`` is ``weight``, ``weight+`` or ``weight-`` (the two sums of a kinked univariate layer) or ``bias``;
    ``output``, ``input``, ``tap`` place the parameter in the target's stage, ``copy`` in the source.
    ``target``, ``error`` and ``tolerance`` are in units of the parameter.
    """

    stage: int
    kind: str
    output: int
    input: int
    tap: int
    copy: int
    target: float
    error: float
    tolerance: float


@dataclass(frozen=True)
class FailureTable:
    """Failures as columns of equal length."""

    stage: NDArray[np.int32]
    kind: NDArray[np.int32]
    output: NDArray[np.int32]
    input: NDArray[np.int32]
    tap: NDArray[np.int32]
    copy: NDArray[np.int32]
    target: NDArray[np.float64]
    error: NDArray[np.float64]
    tolerance: NDArray[np.float64]

    @classmethod
    def of(
        cls, kind: str, stage: int, output: Whole, input: Whole, tap: Whole, copy: Whole, target: Real, error: Real,
        tolerance: float,
    ) -> "FailureTable":  # fmt: skip
        """A table of failures of one kind in one stage."""
        count = len(output)
        return cls(
            stage=np.full(count, stage, np.int32),
            kind=np.full(count, KINDS.index(kind), np.int32),
            output=np.asarray(output, np.int32),
            input=np.asarray(input, np.int32),
            tap=np.asarray(tap, np.int32),
            copy=np.asarray(copy, np.int32),
            target=np.asarray(target, np.float64),
            error=np.asarray(error, np.float64),
            tolerance=np.full(count, tolerance),
        )

    @classmethod
    def empty(cls) -> "FailureTable":
        """A table without rows."""
        none: list[int] = []
        return cls.of("weight", 0, none, none, none, none, none, none, 0.0)

    @classmethod
    def concatenate(cls, tables: Sequence["FailureTable"]) -> "FailureTable":
        """All rows of ``tables``, in order."""
        tables = [cls.empty(), *tables]
        return cls(*(np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)))

    @classmethod
    def checked(cls, columns: Mapping[str, NDArray[Any]]) -> "FailureTable":
        """The table of ``columns``, none of which is believed.

        Raises:
            SltkError: another type of number, columns of different length, a kind or place that there is not.
        """
        usual = cls.empty()
        for name, column in columns.items():
            wanted = getattr(usual, name).dtype
            if column.dtype != wanted or column.ndim != 1 or len(column) != len(columns["stage"]):
                raise SltkError(f"failures.{name} must be a column of {wanted} as long as the others, but is "
                                f"{column.dtype} of shape {column.shape}.")  # fmt: skip
        places = np.stack([columns[name] for name in ("stage", "kind", "output", "input", "tap", "copy")])
        if (places < 0).any() or (columns["kind"] >= len(KINDS)).any():
            raise SltkError("the failures in the file name a kind or a place that there is not.")
        return cls(**columns)

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "FailureTable":
        """The failures ``rows``."""
        return FailureTable(*(getattr(self, f.name)[rows] for f in fields(self)))

    def __len__(self) -> int:
        return len(self.stage)

    def __iter__(self) -> Iterator[Failure]:
        for row in range(len(self)):
            yield self[row]

    def __getitem__(self, row: int) -> Failure:
        values = {f.name: getattr(self, f.name)[row].item() for f in fields(self)}
        return Failure(**{**values, "kind": KINDS[values["kind"]]})
