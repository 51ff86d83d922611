"""Lines between tickets: what a barrier is made of where two tickets compute one function by construction.

Run ``python -m experiments.ticket_lines.study``. On digits: two networks are trained (64-32-16-10, or a convolutional
one), and tickets of them built, in one source and in two, with the fewest samples of each pool. Errors are measured on
the straight line between two tickets' weights (mask times source, in the source's coordinates), and along an arc.
Two tickets of one target are one function, so that what lies between them is symmetry: whose neurons stand where, and
on which scale. Two tickets of two targets on one first layer have the line of the targets. ``lemma`` says what each
network on a path computes, and the study fails where one computes anything else.

Controls: a ticket and itself; a network and itself with its hidden units in another order (symmetry alone), and with
them matched again; two trained networks, as they are and matched (function); two searches of one source.

Sizes, rates, tolerances and margins were chosen on seeds 0 to 6; verdicts look at others. Each claim is a family of
exact sign-flip tests of barriers of the test error, paired over seeds, that errs anywhere with probability .05 (Holm).
It draws ``lines.png`` and ``factor.png`` in ``out/ticket_lines``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType

from experiments.ticket_lines.figure import FACTOR, LINES
from experiments.ticket_lines.pairs import KINDS, SAME, measured
from experiments.ticket_lines.summary import barriers, judged, pair_table, ticket_table
from sltk.core.threads import limit
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.studies.tables import findings_table


@dataclass(frozen=True, kw_only=True)
class LineOptions(StudyOptions):
    """What is asked."""

    kinds: tuple[str, ...] = tuple(KINDS)
    """Targets and constructions."""
    seeds: int = 12
    """Of first networks and sources: 100, 101, ...; the second ones have seeds that are 1000 larger."""
    epochs: float = 20
    """Of each training, and of each search."""
    places: int = 11
    """Points of a path, both ends counted."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out/ticket_lines")
    """Folder for rows, JSON and figures."""


class TicketLines(Study[LineOptions]):
    """One kind and seed a cell: all pairs that stand on its two networks."""

    name = "ticket_lines"
    measures = "Barriers between tickets of one function, and of two: what symmetry does to a line, and what function."
    minutes = 8.2
    options = LineOptions
    quick: ClassVar = {"kinds": ("dense",), "seeds": 2, "epochs": 5, "places": 3}
    figures: ClassVar = {"lines": LINES, "factor": FACTOR}
    width = 140

    def cells(self, options: LineOptions) -> dict[str, dict[str, Any]]:
        """Every seed of every kind."""
        return {
            f"{kind}, seed {seed}": {"kind": kind, "seed": seed, "epochs": options.epochs, "places": options.places}
            for seed in range(FIRST, FIRST + options.seeds)
            for kind in options.kinds
        }

    def measure(self, cell: Mapping[str, Any], options: LineOptions) -> dict[str, Any]:
        """Measures along every line."""
        with limit(1):
            return measured(cell)

    def conclude(self, rows: Sequence[StudyRow], options: LineOptions) -> dict[str, Any]:
        """Every row, and the verdicts."""
        found = [{**row.cell, **row.outputs} for row in rows]
        asked = {"kinds": options.kinds, "seeds": options.seeds, "epochs": options.epochs, "places": options.places}
        return {**asked, "rows": found, "findings": [asdict(one) for one in judged(found)]}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Networks on a path are what the lemma says, and a ticket has no barrier to itself."""
        rows = document["rows"]
        return max(row["lemma"] for row in rows) < ROUNDING and max(barriers(rows, SAME)) == 0.0

    def tables(self, document: Mapping[str, Any]) -> list[RenderableType]:
        """Barriers by kind, tickets, verdicts."""
        tables: list[RenderableType] = [pair_table(document, kind) for kind in document["kinds"]]
        return [*tables, ticket_table(document), findings_table(judged(document["rows"]), "where", "points")]


FIRST = 100  # seed of the first run that verdicts look at
ROUNDING = 1e-12  # of float64, in sums of thousands of terms

STUDY = TicketLines()

if __name__ == "__main__":
    sys.exit(STUDY.main())
