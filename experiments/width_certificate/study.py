"""Sizes of pools by four methods, three laws and four questions (claim ``width-certificate``).

Run ``python -m experiments.width_certificate.study``; it prints the table, and writes ``study.json`` and ``sizes.png``
under ``out/width_certificate``. Targets fill ``[-L/2, L/2]`` of each law. A measured size is the smallest one whose
rate of success over ``--trials`` random pools, each decided exactly, has a lower Clopper-Pearson limit of at least
``1 - delta``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.table import Table

from experiments.width_certificate.figure import SIZES
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.subset_sum.laws import parse_law
from sltk.subset_sum.widths.required_size import METHODS, required_size

QUESTIONS = ((0.1, 0.05), (0.01, 0.05), (0.01, 0.01), (0.001, 0.05), (0.01, 0.001))
LAWS = ("uniform(1.0)", "normal(1.0)", "product(uniform(1.0), uniform(1.0))")


@dataclass(frozen=True, kw_only=True)
class SizeOptions(StudyOptions):
    """What is asked."""

    trials: int = 20_000
    """Pools of a measured size."""
    confidence: float = 0.99
    """Of each limit of a rate of success."""
    out: Path = Path("out/width_certificate")


class WidthCertificate(Study[SizeOptions]):
    """One law and question a cell."""

    name = "width_certificate"
    claim = "width-certificate"
    measures = "Sizes of pools that reach every target of a window, by four methods."
    options = SizeOptions
    minutes = 0.73
    quick: ClassVar = {"trials": 6000}
    figures: ClassVar = {"sizes": SIZES}

    def cells(self, options: SizeOptions) -> dict[str, dict[str, Any]]:
        """Every question of every law."""
        common = {"trials": options.trials, "confidence": options.confidence}
        return {
            f"{law}, eps = {eps}, delta = {delta}": {"law": law, "eps": eps, "delta": delta, **common}
            for law in LAWS for eps, delta in QUESTIONS
        }  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: SizeOptions) -> dict[str, Any]:
        """The size by each method, and the length of the window."""
        law = parse_law(cell["law"])
        asked = {name: cell[name] for name in ("eps", "delta", "trials", "confidence")}
        return {"L": law.constants().L, **{m: required_size(law=law, method=m, **asked) for m in METHODS}}

    def conclude(self, rows: Sequence[StudyRow], options: SizeOptions) -> dict[str, Any]:
        """All rows."""
        names = ("law", "eps", "delta")
        found = [{**{name: row.cell[name] for name in names}, **row.outputs} for row in rows]
        return {"trials": options.trials, "confidence": options.confidence, "rows": found}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """Sizes by question."""
        return [table(document["rows"])]


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row a question."""
    made = Table(title="Samples of a pool that reaches every target of its window", title_justify="left")
    for name in ("law", "eps", "delta", *METHODS):
        made.add_column(name, justify="left" if name == "law" else "right")
    before = rows[0]["law"]
    for row in rows:
        if row["law"] != before:
            made.add_section()
        before = row["law"]
        made.add_row(row["law"], *(f"{row[name]:g}" for name in ("eps", "delta", *METHODS)))
    return made


STUDY = WidthCertificate()

if __name__ == "__main__":
    sys.exit(STUDY.main())
