"""Studies of pool sizes: along an axis, the least n whose success rate is shown."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from sltk.harness.least_size import least_size
from sltk.harness.study import Study, StudyOptions, StudyRow, asked


@dataclass(frozen=True, kw_only=True)
class SizeOptions(StudyOptions):
    """What the studies of sizes take."""

    trials: int = 1000
    """Pools a size."""
    delta: float = 0.05
    """Failure probability that is allowed."""


Sized = TypeVar("Sized", bound=SizeOptions)


class SizeStudy(Study[Sized]):
    """Least sizes along one axis.

    Attributes:
        axis: what changes from row to row; its values are ``grid``.
        first, last: sizes that are looked at.
    """

    axis: ClassVar[str]
    grid: ClassVar[tuple[float, ...]]
    first: ClassVar[int] = 1
    last: ClassVar[int] = 40
    quick: ClassVar[Mapping[str, Any]] = {"trials": 110}

    @abstractmethod
    def missed(self, n: int, cell: Mapping[str, Any]) -> int:
        """Trials of the cell that fail at n samples."""

    def cells(self, options: Sized) -> dict[str, dict[str, Any]]:
        """One for each value on the axis."""
        return {f"{self.axis} {value:g}": {self.axis: value, **asked(options)} for value in self.grid}

    def measure(self, cell: Mapping[str, Any], options: Sized) -> dict[str, Any]:
        """The least n; ``None`` beyond the last."""
        sizes = {"first": self.first, "last": self.last}
        return {"n": least_size(lambda n: self.missed(n, cell), cell["trials"], cell["delta"], **sizes)}

    def conclude(self, rows: Sequence[StudyRow], options: Sized) -> dict[str, Any]:
        """The options, and n beside every value."""
        return {**asked(options), "rows": [{self.axis: row.cell[self.axis], **row.outputs} for row in rows]}

    def tables(self, document: Mapping[str, Any]) -> list[str]:
        """One line a value."""
        return [self.line(row) for row in document["rows"]]

    def line(self, row: Mapping[str, Any]) -> str:
        """One value and its size, in words."""
        return f"{self.axis} {row[self.axis]:g}: n = {row['n']}"
