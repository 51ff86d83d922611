"""Tickets of the published residual network, draw by draw: what was missed, what they answer, what they cost.

Run ``python -m experiments.resnet_tickets.study --target resnet20_cifar10.pt --data-folder F``; it prints a table and
writes ``out/resnet_tickets/``. A ``plus-one`` ticket of the sigmoid ResNet-20 takes eight minutes on two cores and its
answers two more, so that five draws are most of an hour; rows are stored, and what is there is not run again.

Every ticket answers the first 100 test images of each class. Intervals are Clopper-Pearson at 95%, over images, for
one draw. The recipe was chosen on seed 1; the other draws had no part in it.
"""

import argparse
import hashlib
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from sltk.certify.intervals import Box
from sltk.cli.show import progress
from sltk.construct import strong_ticket
from sltk.core.stats import clopper_pearson
from sltk.data.datasets import load
from sltk.harness.rows import RowStore
from sltk.harness.stored import folder_of, measured
from sltk.models.text import load_target
from sltk.subset_sum.laws import parse_law
from sltk.verify.agreement import agreement

ARCHITECTURE = 'resnet20(activation="sigmoid")'
DATA = "cifar10-jpeg"
PER_CLASS = 100
RECIPE = {"n": 36, "param_eps": 0.008, "prune_below": 0.001, "law": "uniform(2.0)",
          "scale_exponents": [-3, -2, -1, 0, 1, 2, 3], "bias_exponent": 3, "objective": "weighted",
          "copy_error": 0.003, "sub_pool": 28}  # fmt: skip


def main(arguments: list[str]) -> None:
    """Build and run what is missing, print."""
    options, console = _options(arguments), Console(width=130)
    digest = hashlib.sha256(options.target.read_bytes()).hexdigest()
    tasks = {f"draw {seed}": {"recipe": RECIPE, "seed": seed, "sha256": digest, "per_class": PER_CLASS}
             for seed in options.seeds}  # fmt: skip
    folder = folder_of(options.out, "plus-one", [{"recipe": RECIPE, "sha256": digest}])
    run = partial(measure, tasks=tasks, options=options)
    with progress(console) as report:
        # One after the other: a construction uses all cores.
        found = measured(tasks, run, RowStore(folder / "rows.jsonl"), jobs=1,
                         report=lambda _, done, total: report("tickets", done, total))  # fmt: skip
    console.print(table(tasks, found))
    console.print(f"Rows: {folder / 'rows.jsonl'}", highlight=False)


def measure(name: str, tasks: dict[str, dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    """One draw: failures, sizes, answers beside the target's, the bound."""
    torch.set_grad_enabled(False)
    data = load(DATA, options.data_folder)
    network = load_target(options.target, ARCHITECTURE, data.input_shape)
    recipe, seed = dict(RECIPE), tasks[name]["seed"]
    law, exponents = parse_law(recipe.pop("law")), tuple(recipe.pop("scale_exponents"))
    started = time.perf_counter()
    ticket = strong_ticket(network, method="plus-one", seed=seed, domain=Box(data.low, data.high), law=law,
                           scale_exponents=exponents, parts=options.out / f"{seed}.parts", **recipe)  # fmt: skip
    built = time.perf_counter() - started
    rows = torch.cat([torch.nonzero(data.test_y == label)[:PER_CLASS, 0] for label in data.test_y.unique()])
    met = agreement(network, ticket.module().eval(), data.test_x[rows], data.test_y[rows], batch=128)
    return {
        "problems": ticket.problems, "failed": len(ticket.failures), "worst": ticket.worst_parameter_error,
        "kept": ticket.sizes.kept, "source": ticket.sizes.source, "images": met.rows, "differing": met.differing,
        "target_right": met.target_correct, "ticket_right": met.ticket_correct, "error": met.error,
        "largest_output": met.largest, "bound": ticket.certificate.bound, "seconds": round(built),
    }  # fmt: skip


def table(tasks: dict[str, dict[str, Any]], found: dict[str, Any]) -> Table:
    """One row a draw."""
    sheet = Table(title="Tickets of the residual network, one row a draw of the source", title_justify="left")
    for column in ("seed", "missed", "of", "same answers, %", "ticket right, %", "target right, %", "error", "bound",
                   "kept", "source", "s"):  # fmt: skip
        sheet.add_column(column, justify="right", no_wrap=True)
    for name, task in tasks.items():
        row = found[name]
        sheet.add_row(
            str(task["seed"]), f"{row['failed']}", f"{row['problems']:,}",
            _share(row["images"] - row["differing"], row["images"]), _share(row["ticket_right"], row["images"]),
            f"{100 * row['target_right'] / row['images']:.1f}", f"{row['error']:.3f}", f"{row['bound']:.1f}",
            f"{row['kept']:,}", f"{row['source']:,}", f"{row['seconds']:.0f}",
        )  # fmt: skip
    return sheet


def _share(part: int, whole: int) -> str:
    low, high = clopper_pearson(part, whole)
    return f"{100 * part / whole:.1f} ({100 * low:.1f}…{100 * high:.1f})"


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--data-folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--out", type=Path, default=Path("out/resnet_tickets"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
