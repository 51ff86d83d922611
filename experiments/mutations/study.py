"""Do the tests notice? Thirty wrong changes of the product, one at a time, each against the tests that should see it.

Run ``sltk run mutations``; it prints a table and writes ``out/mutations/study.json``, and ends with 1 where fewer
than 27 changes are noticed, or where the tests fail without any. The project is copied into a temporary folder, and a
change is made there. ``mutations.py`` has the list: a change is one text that is found exactly once, what takes its
place, and what a user would get if nobody noticed. A change is noticed where a test fails or does not end; one that
only keeps the tests from being collected is none.
"""

import atexit
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from rich.table import Table

from experiments.mutations.mutations import MUTATIONS, ROOT, Mutation
from experiments.mutations.project_copy import changed, copied, digest, run_tests
from sltk.core.errors import SltkError
from sltk.harness.study import Study, StudyOptions, StudyRow

UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True)
class MutationOptions(StudyOptions):
    """What is asked."""

    only: tuple[str, ...] = ()
    """Names of mutations; all of them where none is given."""
    least: int = 27
    """Mutations that have to be noticed, or all of them where fewer are asked for."""
    limit: float = 900.0
    """Seconds after which tests count as hanging."""
    out: Path = Path("out/mutations")

    @property
    def project(self) -> str:
        """Hash of the project's files."""
        return digest(ROOT)

    @property
    def chosen(self) -> tuple[Mutation, ...]:
        """The mutations that are tried.

        Raises:
            SltkError: a name that is none.
        """
        unknown = set(self.only) - {one.name for one in MUTATIONS}
        if unknown:
            raise SltkError(f"no mutation is named {', '.join(sorted(unknown))}; mutations.py lists them.")
        return tuple(one for one in MUTATIONS if not self.only or one.name in self.only)


class Mutations(Study[MutationOptions]):
    """One mutation a cell, and one cell without any: there the same tests have to pass."""

    name = "mutations"
    measures = "How many of thirty wrong changes of the product the tests notice."
    options = MutationOptions
    unkept = "they hold for one state of the project, and every change of it asks them again"
    quick: ClassVar = {"only": ("names of a stream run together",)}
    clocks: ClassVar = frozenset({"seconds"})

    def cells(self, options: MutationOptions) -> dict[str, dict[str, Any]]:
        """A row holds for the project as it is: any change of it asks again."""
        project, tests = options.project, list(dict.fromkeys(path for one in options.chosen for path in one.tests))
        found = {UNCHANGED: {"mutation": UNCHANGED, "tests": tests, "project": project}}
        for one in options.chosen:
            what = {"mutation": one.name, "file": one.file, "find": one.find, "replace": one.replace}
            found[one.name] = {**what, "tests": list(one.tests), "project": project}
        return found

    def measure(self, cell: Mapping[str, Any], options: MutationOptions) -> dict[str, Any]:
        """Copy, change, run the tests."""
        place = _copy()
        if cell["mutation"] == UNCHANGED:
            found = run_tests(place, cell["tests"], 10 * options.limit)
        else:
            one = next(one for one in MUTATIONS if one.name == cell["mutation"])
            path = place / one.file
            with changed(path, one.applied(path.read_text())):
                found = run_tests(place, one.tests, options.limit)
        return {"noticed": not found.passed, "first": found.first, "seconds": found.seconds}

    def conclude(self, rows: Sequence[StudyRow], options: MutationOptions) -> dict[str, Any]:
        """Who noticed what."""
        sound, *others = rows
        why = {one.name: one.why for one in MUTATIONS}
        found = [{**row.cell, **row.outputs, "why": why[row.name]} for row in others]
        return {"unchanged": dict(sound.outputs), "mutations": found, "noticed": sum(one["noticed"] for one in found),
                "least": min(options.least, len(found))}  # fmt: skip

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Enough are noticed, and without a mutation nothing is."""
        return document["noticed"] >= document["least"] and not document["unchanged"]["noticed"]

    def tables(self, document: Mapping[str, Any]) -> list[Any]:
        """One row a mutation."""
        sheet = Table(title="Wrong changes, and the first test that noticed", title_justify="left")
        for column in ("file", "change", "noticed by"):
            sheet.add_column(column, overflow="fold")
        for one in document["mutations"]:
            by = one["first"] if one["noticed"] else f"NOBODY: {one['why']}"
            sheet.add_row(one["file"].removeprefix("sltk/"), one["mutation"], by)
        noticed, count, sound = document["noticed"], len(document["mutations"]), document["unchanged"]
        said = "fail: " + sound["first"] if sound["noticed"] else "pass"
        return [sheet, f"{noticed} of {count} are noticed; without a change the same tests {said}."]


@cache
def _copy() -> Path:
    """One copy for all mutations of a process, so that kernels are compiled once."""
    opened = ExitStack()
    atexit.register(opened.close)
    return opened.enter_context(copied(ROOT))


STUDY = Mutations()

if __name__ == "__main__":
    sys.exit(STUDY.main())
