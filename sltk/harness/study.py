"""A study: options, cells, what is measured of a cell; the shell around them is the same for all.

A study is cut into cells, JSON objects that determine what is measured of them. Every cell is a row on the disk: a
study that was stopped goes on where it was, and one that is asked again measures nothing. ``run`` returns data, to a
test as to the command line ``python -m experiments.NAME.study``, which is ``main``. A study calls functions: it never
starts a command line, and it knows where its own files lie.
"""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import tyro
from rich.console import Console, RenderableType

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.report import Report
from sltk.harness.progress import progress
from sltk.harness.rows import RowStore
from sltk.harness.stored import measured

ROWS = "rows.jsonl"
Draw = Callable[[Mapping[str, Any], Path, Mapping[str, str]], None]  # a document, the figure's file, its metadata


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What every study takes; a study adds its own, with the standard run as defaults."""

    out: Path
    """Folder for rows, JSON and figures."""
    quick: bool = False
    """A first look: the study's small numbers, whatever else is asked."""
    jobs: int = 1
    """Processes."""


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
        measured: rows that were measured now; the others were there.
        damaged: rows that were set aside, and are among the measured ones.
        disputed: rows that another process stored meanwhile, with other outputs.
    """

    rows: tuple[StudyRow, ...]
    document: Mapping[str, Any]
    holds: bool
    folder: Path
    measured: int
    damaged: int
    disputed: tuple[str, ...] = ()


class Study(ABC, Generic[Options]):
    """What is particular to one experiment.

    Attributes:
        name: of its folder in ``experiments``.
        measures: what it measures, in one sentence.
        options: the dataclass of its options.
        claim: key of the claim that it is about, where there is one.
        quick: options of a first look, of seconds.
        clocks: outputs that are times, and differ from run to run.
        figures: by name of the file, what draws it from the document, with the metadata that it gets.
        revision: raised when ``measure`` changes meaning, so that stored rows are not mistaken for new ones.
        width: of its tables, in columns.
    """

    name: ClassVar[str]
    measures: ClassVar[str]
    options: type[Options]
    claim: ClassVar[str | None] = None
    quick: ClassVar[Mapping[str, Any]] = {}
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
        """The options as they are run: with the small numbers where a first look is asked for."""
        return replace(options, **self.quick) if options.quick else options

    @property
    def key(self) -> str:
        """Of the claim, or the study's own."""
        return self.claim or self.name.replace("_", "-")

    def run(self, options: Options, report: Report | None = None) -> StudyResult:
        """Measure the cells that have no row yet, and conclude.

        Raises:
            SltkError: options that cannot be run.
        """
        options = self.preset(options)
        if options.jobs < 1:
            raise SltkError(f"--jobs must be at least 1, but got {options.jobs}.")
        texts = {name: canonical_json(dict(cell)).decode() for name, cell in self.cells(options).items()}
        store = RowStore(self.folder(options) / ROWS)
        before = len(store)
        found = measured(
            {text: self._inputs(text) for text in texts.values()}, partial(_outputs, self, options), store,
            jobs=options.jobs, name=self.name, report=report,
        )  # fmt: skip
        rows = tuple(StudyRow(name, json.loads(text), found[text]) for name, text in texts.items())
        document = {"key": self.key, **self.conclude(rows, options)}
        return StudyResult(
            rows, document, self.holds(document), self.folder(options), len(store) - before, store.damaged,
            tuple(store.disputed),
        )  # fmt: skip

    def write(self, result: StudyResult, command: str) -> None:
        """JSON and figures beside the rows; every figure says what made it."""
        for name, document in self.files(result.document).items():
            write_atomic(result.folder / name, canonical_json({"key": self.key, **document}))
        about = {"Study": self.name, "Command": command} | ({"Claim": self.claim} if self.claim else {})
        for name, draw in self.figures.items():
            draw(result.document, result.folder / name, about)

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """The command line: 0 where the study found what it has to, 1 where not, 2 for wrong input."""
        given = list(sys.argv[1:] if arguments is None else arguments)
        program = f"python -m experiments.{self.name}.study"
        about = sys.modules[type(self).__module__].__doc__ or self.measures
        options = tyro.cli(
            self.options, prog=program, description=about, args=given, config=(tyro.conf.DisallowNone,)
        )  # fmt: skip
        console = Console(width=self.width)
        try:
            with progress(console) as report:
                result = self.run(options, report)
            self.write(result, " ".join([program, *given]))
        except SltkError as error:
            Console(stderr=True, soft_wrap=True).print(f"{self.name}: {error}", markup=False, highlight=False)
            return 2
        self._print(result, console)
        return 0 if result.holds else 1

    def _inputs(self, text: str) -> dict[str, Any]:
        """What a row is named by."""
        return {"study": self.name, "revision": self.revision, "cell": json.loads(text)}

    def _print(self, result: StudyResult, console: Console) -> None:
        for table in self.tables(result.document):
            console.print(table, markup=False, highlight=False, soft_wrap=isinstance(table, str))
        if result.damaged:
            console.print(f"{result.damaged} damaged rows were set aside and measured again.")
        for line in result.disputed:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        console.print(
            f"{len(result.rows)} rows, {result.measured} of them measured now: {result.folder}",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


def asked(options: StudyOptions) -> dict[str, Any]:
    """The options that a result depends on, as JSON values."""
    left = {name: value for name, value in vars(options).items() if name not in _SHELL}
    return {name: str(value) if isinstance(value, Path) else value for name, value in left.items()}


_SHELL = frozenset(field.name for field in fields(StudyOptions))


def _outputs(study: Study[Options], options: Options, text: str) -> Mapping[str, Any]:
    return study.measure(json.loads(text), options)
