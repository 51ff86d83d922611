"""Tickets of the published experiments: four activations, two constructions, five draws of the source.

Run ``SLTK_DATA=F sltk run paper-tickets``, where F holds MNIST and ``targets/conv_mnist.pt``; rows, ``study.json`` and
``tickets.png`` go to a folder in ``out/paper_tickets``, and the same command again measures only the rows that are
missing. Targets:

- ``published``: the published convolutional network of MNIST (``conv_mnist.pt``; ReLU);
- ``conv``: its shape with 6 channels for 32, trained here with each activation, 10% of the weights kept;
- ``residual``: three residual blocks for 8 x 8 digits, with each activation, half of the weights kept.

A ticket answers the first 1,000 test images of MNIST, or the 360 of digits. Intervals are at 95%: of one draw over
images, exactly (Clopper-Pearson; two of them at 97.5% for the difference from the target); of a mean over draws by
Student's t, which takes the draws as normal and has no width where all are alike.

The residual targets have a second ``plus-one`` of fewer samples, spread over fewer scales, whose subsets minimise the
mass: what a deep ticket loses where its recipe is short of small samples. Draw k is the source of seed 100 + k; recipes
were chosen on seed 1, which is not among them.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from rich.table import Table

from experiments._target import digest
from experiments.paper_tickets.figure import TICKETS
from experiments.paper_tickets.options import TicketOptions
from experiments.paper_tickets.summary import summaries, table
from experiments.paper_tickets.targets import DATA, ROWS, asked_for, data_of, network, stored
from sltk.certify.intervals import Box
from sltk.construct import Construction, Recipe, Search, StrongTicket
from sltk.construct.recipe import from_record
from sltk.harness.stored import folder_of
from sltk.harness.study import Study, StudyRow

SCALES = (2, 1, 0, 0, -1, -2)
RECIPES: dict[str, dict[str, tuple[Recipe, Search]]] = {
    "published": {
        "plus-one": (Recipe("plus-one", 26, 0.01), Search("error")),
        "two-layer": (Recipe("two-layer", 26, 0.01), Search("error")),
    },
    "residual": {
        "plus-one": (Recipe("plus-one", 26, 0.005, scale_exponents=SCALES, bias_exponent=3), Search("weighted")),
        "plus-one, few scales": (
            Recipe("plus-one", 24, 0.005, scale_exponents=(2, 1, 0, -1), bias_exponent=2), Search("mass"),
        ),
        "two-layer": (Recipe("two-layer", 26, 0.005, law="uniform(3.0)"), Search("error")),
    },
}  # fmt: skip
RECIPES["conv"] = RECIPES["published"]
SEED = 100


class PaperTickets(Study[TicketOptions]):
    """One ticket a cell."""

    name = "paper_tickets"
    claim = "plus-one-residual"
    measures = "What tickets of the published experiments lose and win against their targets, draw by draw."
    options = TicketOptions
    needs = "MNIST and the published conv_mnist.pt"
    minutes = 5.8
    quick: ClassVar = {"kinds": ("residual",), "draws": 2, "residual_epochs": 8}
    figures: ClassVar = {"tickets": TICKETS}
    clocks: ClassVar = frozenset({"seconds"})
    width = 190

    def folder(self, options: TicketOptions) -> Path:
        """Named by training and recipes."""
        keys = ("train_rows", "conv_epochs", "residual_epochs")
        recipes = {
            kind: {
                name: {"recipe": recipe.record(), "search": search.record()} for name, (recipe, search) in own.items()
            }
            for kind, own in RECIPES.items()
        }
        fixed = {key: getattr(options, key) for key in keys} | {"recipes": recipes}
        return folder_of(options.out, "quick" if options.quick else "study", [fixed])

    def cells(self, options: TicketOptions) -> dict[str, dict[str, Any]]:
        """A target, a construction, a draw."""
        return {
            f"{kind} {activation} {method} {number}": {
                "target": kind, "activation": activation, "construction": method, "draw": number,
                "recipe": recipe.record(), "search": search.record(), "weights": weights, "images": ROWS[DATA[kind]],
            }
            for number in range(1, options.draws + 1)  # outermost: what is stopped early has whole draws
            for kind, activation, weights in asked_for(options)
            for method, (recipe, search) in RECIPES[kind].items()
        }  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: TicketOptions) -> dict[str, Any]:
        """One ticket: sizes, failures, and what it answers beside its target, trained where it is not there yet."""
        kind, activation = cell["target"], cell["activation"]
        data, rows = data_of(DATA[kind], options.data_folder), cell["images"]
        path = stored(kind, activation, options, self.folder(options))
        target = network(kind, activation, path)
        recipe, search = from_record(Recipe, cell["recipe"]), from_record(Search, cell["search"])
        started = time.perf_counter()
        ticket = Construction(target, Box(data.low, data.high), recipe).build(SEED + cell["draw"], search)
        built = time.perf_counter() - started
        found = answers(ticket, data.test_x[:rows], data.test_y[:rows])
        return found | {"sha256": digest(path), "seconds": round(built, 1)}

    def conclude(self, rows: Sequence[StudyRow], options: TicketOptions) -> dict[str, Any]:
        """All rows, and summaries over draws."""
        found = [{**row.cell, **row.outputs} for row in rows]
        return {"rows": found, "summaries": summaries(found)}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """One line for each target, activation and construction."""
        return [table(document["summaries"])]


def answers(ticket: StrongTicket, x: torch.Tensor, y: torch.Tensor) -> dict[str, Any]:
    """Counts of rows: right answers of each, rows that only one of them gets right, equal answers."""
    module, target = ticket.module().eval(), ticket.target
    assert target is not None
    error, largest, said = 0.0, 0.0, []
    with torch.no_grad():
        for rows in x.split(100):
            wanted, got = target(rows), module(rows)
            error = max(error, float((wanted - got).abs().max()))
            largest = max(largest, float(wanted.abs().max()))
            said.append(torch.stack([wanted.argmax(1), got.argmax(1)]))
    right = torch.cat(said, 1) == y
    equal = torch.cat(said, 1)
    return {
        "rows": len(y), "target_right": int(right[0].sum()), "ticket_right": int(right[1].sum()),
        "lost": int((right[0] & ~right[1]).sum()), "won": int((right[1] & ~right[0]).sum()),
        "agreeing": int((equal[0] == equal[1]).sum()), "error": error, "largest": largest,
        "kept": ticket.sizes.kept, "source": ticket.sizes.source, "target_parameters": ticket.sizes.target,
        "failures": len(ticket.failures), "problems": ticket.problems,
        "worst_parameter_error": ticket.worst_parameter_error,
    }  # fmt: skip


STUDY = PaperTickets()

if __name__ == "__main__":
    sys.exit(STUDY.main())
