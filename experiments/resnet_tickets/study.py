"""Tickets of the published residual network, draw by draw: what was missed, what they answer, what they cost.

Run ``SLTK_DATA=F sltk run resnet-tickets``, where F holds CIFAR-10 (JPEG) and ``targets/resnet20_cifar10.pt``; it
prints a table and writes ``out/resnet_tickets/``. Rows are stored, and what is there is not run again.

Every ticket answers the first test images of each class: 20, and 100 in ``--preset paper``. Intervals are
Clopper-Pearson at 95%, over images, for one draw. The recipe was chosen on seed 1; the other draws had no part in it.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from rich.table import Table

from experiments._target import RESNET20
from sltk.certify.intervals import Box
from sltk.construct import Construction, Recipe, Run, Search
from sltk.construct.recipe import from_record
from sltk.core.statistics.stats import clopper_pearson
from sltk.data.datasets import load
from sltk.harness.stored import folder_of
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.models.text import load_target
from sltk.verify.agreement import agreement, first_of_each_class

RECIPE = Recipe("plus-one", 36, 0.008, scale_exponents=(-3, -2, -1, 0, 1, 2, 3), bias_exponent=3)
SEARCH = Search("weighted", copy_error=0.003, sub_pool=28, prune_below=0.001)
ASKED = {"recipe": RECIPE.record(), "search": SEARCH.record()}


@dataclass(frozen=True, kw_only=True)
class DrawOptions(StudyOptions):
    """What is asked."""

    target: Path | None = None
    """A state dict of a sigmoid ResNet-20; by default the published one, in the folder targets of $SLTK_DATA."""
    data_folder: Path | None = None
    """Folder that holds CIFAR-10."""
    seeds: tuple[int, ...] = (2,)
    """Draws of the source; one after the other, since a construction uses all cores."""
    per_class: int = 20
    """Test images of each class, the first ones."""
    out: Path = Path("out/resnet_tickets")


class ResnetTickets(Study[DrawOptions]):
    """One draw a cell."""

    name = "resnet_tickets"
    measures = "Tickets of the published residual network over draws of the source."
    options = DrawOptions
    needs = "the published ResNet-20 and CIFAR-10 (JPEG)"
    minutes = 1.3
    quick: ClassVar = {"seeds": (1,), "per_class": 1}
    paper: ClassVar = {"seeds": (1, 2, 3, 4, 5), "per_class": 100}
    clocks: ClassVar = frozenset({"seconds"})
    width = 130

    def cells(self, options: DrawOptions) -> dict[str, dict[str, Any]]:
        """One for each seed."""
        found = RESNET20.hash_of(options.target)
        return {f"draw {seed}": {**ASKED, "seed": seed, "sha256": found, "per_class": options.per_class}
                for seed in options.seeds}  # fmt: skip

    def folder(self, options: DrawOptions) -> Path:
        """Named by recipe and target."""
        return folder_of(options.out, "plus-one", [{**ASKED, "sha256": RESNET20.hash_of(options.target)}])

    def measure(self, cell: Mapping[str, Any], options: DrawOptions) -> dict[str, Any]:
        """One draw: failures, sizes, answers beside the target's, the bound."""
        with torch.no_grad():
            return draw(cell, options)

    def conclude(self, rows: Sequence[StudyRow], options: DrawOptions) -> dict[str, Any]:
        """One row a draw."""
        return {**ASKED, "rows": [{"seed": row.cell["seed"], **row.outputs} for row in rows]}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """One row a draw."""
        return [table(document["rows"])]


def draw(cell: Mapping[str, Any], options: DrawOptions) -> dict[str, Any]:
    """One draw of the source."""
    data = load(RESNET20.data, options.data_folder)
    network = load_target(RESNET20.file_of(options.target), RESNET20.arch, data.input_shape)
    recipe, search = from_record(Recipe, cell["recipe"]), from_record(Search, cell["search"])
    started = time.perf_counter()
    asked = Construction(network, Box(data.low, data.high), recipe)
    ticket = asked.build(cell["seed"], search, Run(options.out / f"{cell['seed']}.checkpoint"))
    built = time.perf_counter() - started
    rows = first_of_each_class(data.test_y, cell["per_class"])
    met = agreement(network, ticket.module().eval(), data.test_x[rows], data.test_y[rows], batch=128)
    return {
        "problems": ticket.problems, "failed": len(ticket.failures), "worst": ticket.worst_parameter_error,
        "kept": ticket.sizes.kept, "source": ticket.sizes.source, "images": met.rows, "differing": met.differing,
        "target_right": met.target_correct, "ticket_right": met.ticket_correct, "error": met.error,
        "largest_output": met.largest, "bound": ticket.certificate.bound, "seconds": round(built),
    }  # fmt: skip


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row a draw."""
    sheet = Table(title="Tickets of the residual network, one row a draw of the source", title_justify="left")
    for column in ("seed", "missed", "of", "same answers, %", "ticket right, %", "target right, %", "error", "bound",
                   "kept", "source", "s"):  # fmt: skip
        sheet.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        sheet.add_row(
            str(row["seed"]), f"{row['failed']}", f"{row['problems']:,}",
            _share(row["images"] - row["differing"], row["images"]), _share(row["ticket_right"], row["images"]),
            f"{100 * row['target_right'] / row['images']:.1f}", f"{row['error']:.3f}", f"{row['bound']:.1f}",
            f"{row['kept']:,}", f"{row['source']:,}", f"{row['seconds']:.0f}",
        )  # fmt: skip
    return sheet


def _share(part: int, whole: int) -> str:
    low, high = clopper_pearson(part, whole)
    return f"{100 * part / whole:.1f} ({100 * low:.1f}…{100 * high:.1f})"


STUDY = ResnetTickets()

if __name__ == "__main__":
    sys.exit(STUDY.main())
