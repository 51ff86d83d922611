"""A study: options, cells, what is measured of a cell; the shell around them is the same for all.

A study is cut into cells, JSON objects that determine what is measured of them. Every cell is a row on the disk: a
study that was stopped goes on where it was, and one that is asked again measures nothing. ``run`` returns data, to a
test as to the command line ``sltk run KEY`` or ``python -m experiments.NAME.study``, which is ``main``. A study calls
functions: it never starts a command line, and it knows where its own files lie.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

import tyro
from rich.console import RenderableType

from sltk.core.about import About
from sltk.core.commit import commit
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.core.report import Report
from sltk.harness.away.gathered import ROWS, gather
from sltk.harness.away.where import Away
from sltk.harness.lines import joined, sealed
from sltk.harness.rows import RowStore
from sltk.harness.stored import measured

Draw = Callable[[Mapping[str, Any], Path, About], None]  # a document, the figure's files without suffix, what it says
StudyPreset = Literal["quick", "standard", "paper"]


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What every study takes; a study adds its own, with the standard run as defaults."""

    out: Path
    """Folder for rows, JSON and figures."""
    preset: StudyPreset = "standard"
    """quick: a first look of seconds, with the study's small numbers, whatever else is asked; standard: as it stands
    here; paper: with large numbers, where the study has such."""
    jobs: int = 1
    """Processes."""
    keep: bool = False
    """Write the rows, sorted, beside the study in the checkout, where figures and documents are made from."""
    away: tyro.conf.OmitArgPrefixes[Away] = field(default_factory=Away)

    @property
    def quick(self) -> bool:
        """Whether a first look is asked for."""
        return self.preset == "quick"


Options = TypeVar("Options", bound=StudyOptions)


@dataclass(frozen=True)
class StudyRow:
    """One cell with what was measured of it."""

    name: str
    cell: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class StudyResult:
    """What a study found.

    Attributes:
        rows: one for each cell, in the order of the cells.
        document: what is concluded from them, as JSON values.
        holds: whether the study found what it has to; exit code 0.
        folder: where the rows are.
        measured: rows that are new here, measured now or by shards; the others were there.
        damaged: rows that were set aside, and are among the measured ones; and torn lines of shards.
        disputed: rows that another process stored meanwhile, with other outputs.
    """

    rows: tuple[StudyRow, ...]
    document: Mapping[str, Any]
    holds: bool
    folder: Path
    measured: int = 0
    damaged: int = 0
    disputed: tuple[str, ...] = ()


class Study(ABC, Generic[Options]):
    """What is particular to one experiment.

    Attributes:
        name: of its folder in ``experiments``.
        measures: what it measures, in one sentence.
        options: the dataclass of its options.
        claim: key of the claim that it is about, where there is one.
        quick: options of a first look, of seconds.
        paper: options of the run with large numbers; none where the standard run is that.
        needs: what it needs from elsewhere, such as a data set; empty where nothing.
        minutes: of CPU that the standard run takes, where somebody has looked.
        unkept: why its rows are never kept with the source; empty where they are.
        clocks: outputs that are times, and differ from run to run.
        figures: by name of the files without suffix, what draws them from the document, with what they say.
        revision: raised when ``measure`` changes meaning, so that stored rows are not mistaken for new ones.
        width: of its tables, in columns.
    """

    name: ClassVar[str]
    measures: ClassVar[str]
    options: type[Options]
    claim: ClassVar[str | None] = None
    quick: ClassVar[Mapping[str, Any]] = {}
    paper: ClassVar[Mapping[str, Any]] = {}
    needs: ClassVar[str] = ""
    minutes: ClassVar[float | None] = None
    unkept: ClassVar[str] = ""
    clocks: ClassVar[frozenset[str]] = frozenset()
    figures: ClassVar[Mapping[str, Draw]] = {}
    revision: ClassVar[int] = 1
    width: ClassVar[int] = 112

    @abstractmethod
    def cells(self, options: Options) -> Mapping[str, Mapping[str, Any]]:
        """Cells by name, as JSON values; what a cell does not hold must not change what is measured of it."""

    @abstractmethod
    def measure(self, cell: Mapping[str, Any], options: Options) -> Mapping[str, Any]:
        """Outputs of one cell, as JSON values; random numbers come from streams that the cell names."""

    def conclude(self, rows: Sequence[StudyRow], options: Options) -> Mapping[str, Any]:
        """What the rows say together; by default the options, and every cell with its outputs."""
        return {**asked(options), "rows": [{**row.cell, **row.outputs} for row in rows]}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Whether the study found what it has to."""
        return True

    def folder(self, options: Options) -> Path:
        """Where everything is kept."""
        return options.out

    def files(self, document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        """JSON documents by name of their file."""
        return {"study.json": document}

    def tables(self, document: Mapping[str, Any]) -> Iterable[RenderableType]:
        """What is printed."""
        return ()

    def preset(self, options: Options) -> Options:
        """The options as they are run: with the numbers of the preset that is asked for."""
        return replace(options, **{"quick": self.quick, "paper": self.paper, "standard": {}}[options.preset])

    @property
    def slug(self) -> str:
        """What the study is called on a command line."""
        return self.name.replace("_", "-")

    @property
    def key(self) -> str:
        """Of the claim, or the study's own."""
        return self.claim or self.slug

    def standard(self) -> Options | None:
        """The options of the standard run; ``None`` where it needs what only its caller can name, such as a file."""
        named = any(one.default is MISSING and one.default_factory is MISSING for one in fields(self.options))
        return None if named else self.options()  # pyright: ignore[reportCallIssue]  # a study's options have defaults

    def inputs(self, cell: Mapping[str, Any]) -> dict[str, Any]:
        """What a row is named by."""
        return {"study": self.name, "revision": self.revision, "cell": cell}

    def tasks(self, options: Options) -> dict[str, dict[str, Any]]:
        """Inputs of every row by the text of its cell; equal cells are one row."""
        return self._tasks(self._plain(options))

    def outputs_of(self, options: Options, text: str) -> Mapping[str, Any]:
        """What is measured of the cell of this text."""
        return self.measure(json.loads(text), options)

    def sealed_line(self, row: StudyRow) -> bytes:
        """The row as it stands in a file."""
        return canonical_json(sealed(self.inputs(row.cell), row.outputs))

    def run(self, options: Options, report: Report | None = None) -> StudyResult:
        """Measure the cells that have no row yet, in the folder or in those of its shards, and conclude.

        Raises:
            SltkError: options that cannot be run.
        """
        options = self.preset(options)
        if options.jobs < 1:
            raise SltkError(f"--jobs must be at least 1, but got {options.jobs}.")
        folder = self.folder(options)
        store = RowStore(folder / ROWS)
        before = len(store)
        torn = gather(folder, store, self.clocks)
        cells = self._plain(options)
        measured(
            self._tasks(cells), partial(self.outputs_of, options), store, jobs=options.jobs, name=self.name,
            report=report,
        )  # fmt: skip
        new, damaged, disputed = len(store) - before, store.damaged + torn, tuple(store.disputed)
        return replace(self._result(options, cells, store), measured=new, damaged=damaged, disputed=disputed)

    def result(self, options: Options, store: RowStore) -> StudyResult:
        """What the stored rows say; all of them are there.

        Raises:
            SltkError: one is not.
        """
        options = self.preset(options)
        return self._result(options, self._plain(options), store)

    def about(self, result: StudyResult, command: str) -> About:
        """What the figures of ``result`` say of themselves."""
        rows = sha256(joined(sorted({self.sealed_line(row) for row in result.rows})))
        return About(study=self.name, claim=self.claim or "none", command=command, rows=rows, commit=commit())

    def write(self, result: StudyResult, command: str) -> None:
        """JSON and figures beside the rows."""
        for name, document in self.files(result.document).items():
            write_atomic(result.folder / name, canonical_json({"key": self.key, **document}))
        self.draw(result, result.folder, command)

    def draw(self, result: StudyResult, folder: Path, command: str) -> None:
        """All figures, into ``folder``."""
        for name, draw in self.figures.items():
            draw(result.document, folder / name, self.about(result, command))

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """The command line: 0 where the study found what it has to, 1 where not, 2 for wrong input."""
        from sltk.harness.command import study_main  # which knows studies

        return study_main(self, arguments)

    def _plain(self, options: Options) -> dict[str, dict[str, Any]]:
        return {name: json.loads(canonical_json(dict(cell))) for name, cell in self.cells(options).items()}

    def _tasks(self, cells: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {canonical_json(dict(cell)).decode(): self.inputs(cell) for cell in cells.values()}

    def _result(self, options: Options, cells: Mapping[str, Mapping[str, Any]], store: RowStore) -> StudyResult:
        rows = tuple(StudyRow(name, cell, store[self.inputs(cell)]) for name, cell in cells.items())
        document = json.loads(canonical_json({"key": self.key, **self.conclude(rows, options)}))
        return StudyResult(rows, document, self.holds(document), self.folder(options))


def asked(options: StudyOptions) -> dict[str, Any]:
    """The options that a result depends on, as JSON values."""
    left = {name: value for name, value in vars(options).items() if name not in _SHELL}
    return {name: str(value) if isinstance(value, Path) else value for name, value in left.items()}


_SHELL = frozenset(one.name for one in fields(StudyOptions))
