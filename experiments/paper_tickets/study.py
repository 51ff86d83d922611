"""Tickets of the published experiments: four activations, two constructions, five draws of the source.

Run ``python -m experiments.paper_tickets.study --target-folder F --data-folder G``; rows, ``study.json`` and
``tickets.png`` go to a folder in ``out/paper_tickets``, and the same command again measures only the rows that are
missing. Targets:

- ``published``: the published convolutional network of MNIST (``conv_mnist.pt``; ReLU), where its file is at hand;
- ``conv``: its shape with 6 channels for 32, trained here with each activation, 10% of the weights kept;
- ``residual``: three residual blocks for 8 x 8 digits, with each activation, half of the weights kept.

A ticket answers the first 1,000 test images of MNIST, or the 360 of digits. Intervals are at 95%: of one draw over
images, exactly (Clopper-Pearson; two of them at 97.5% for the difference from the target); of a mean over draws by
Student's t, which takes the draws as normal and has no width where all are alike.

The residual targets have a second ``plus-one`` of fewer samples, spread over fewer scales, whose subsets minimise the
mass: what a deep ticket loses where its recipe is short of small samples. Draw k is the source of seed 100 + k; recipes
were chosen on seed 1, which is not among them.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from experiments.paper_tickets.figure import draw
from experiments.paper_tickets.summary import summaries, table
from experiments.paper_tickets.targets import DATA, PHIS, ROWS, Subject, data_of, network, subjects
from sltk.certify.intervals import Box
from sltk.cli.show import progress
from sltk.construct import strong_ticket
from sltk.construct.ticket import StrongTicket
from sltk.core.files import canonical_json, write_atomic
from sltk.harness.rows import RowStore
from sltk.harness.stored import folder_of, measured
from sltk.subset_sum.laws import parse_law

_CONV = {"n": 26, "law": "uniform(2.0)", "param_eps": 0.01, "objective": "error"}
RECIPES: dict[str, dict[str, dict[str, Any]]] = {
    "published": {"plus-one": _CONV, "two-layer": _CONV},
    "conv": {"plus-one": _CONV, "two-layer": _CONV},
    "residual": {
        "plus-one": {"n": 26, "law": "uniform(2.0)", "param_eps": 0.005, "objective": "weighted",
                     "scale_exponents": [2, 1, 0, 0, -1, -2], "bias_exponent": 3},
        "plus-one, few scales": {"n": 24, "law": "uniform(2.0)", "param_eps": 0.005, "objective": "mass",
                                   "scale_exponents": [2, 1, 0, -1], "bias_exponent": 2},
        "two-layer": {"n": 26, "law": "uniform(3.0)", "param_eps": 0.005, "objective": "error"},
    },
}  # fmt: skip
SEED = 100


def main(arguments: list[str]) -> None:
    """Train, measure, print, write, draw."""
    options, console = _options(arguments), Console(width=190)
    keys = ("train_rows", "conv_epochs", "residual_epochs")
    asked = {key: getattr(options, key) for key in keys} | {"recipes": RECIPES}
    folder = folder_of(options.out, "quick" if options.quick else "study", [asked])
    found, reasons = subjects(options, folder)
    for reason in reasons:
        console.print(f"skipped {reason}")
    tasks, work = grid(found, options.draws)
    run = partial(measure, work=work, data_folder=options.data_folder)
    started = time.perf_counter()
    with progress(console) as report:
        rows = measured(tasks, run, RowStore(folder / "rows.jsonl"), jobs=options.jobs,
                        report=lambda _, done, total: report("tickets", done, total))  # fmt: skip
    result = {"skipped": reasons, "rows": [{**tasks[name], **rows[name]} for name in tasks]}
    result["summaries"] = summaries(result["rows"])
    write_atomic(folder / "study.json", canonical_json(result))
    console.print(table(result["summaries"]))
    command = f"python -m experiments.paper_tickets.study {' '.join(arguments)}".strip()
    draw(result, folder / "tickets.png", command)
    console.print(f"{len(tasks)} tickets, {time.perf_counter() - started:.0f} s; {folder}")


def grid(found: list[Subject], draws: int) -> tuple[dict[str, dict[str, Any]], dict[str, tuple[Subject, str, int]]]:
    """Inputs of every row by name, and what makes it: a target, a construction, a draw."""
    tasks, work = {}, {}
    for number in range(1, draws + 1):  # outermost: what is stopped early has whole draws
        for subject in found:
            for method, recipe in RECIPES[subject.kind].items():
                name = f"{subject.kind} {subject.activation} {method} {number}"
                tasks[name] = {
                    "target": subject.kind, "activation": subject.activation, "construction": method, "draw": number,
                    "recipe": recipe, "sha256": subject.digest, "images": ROWS[DATA[subject.kind]],
                }  # fmt: skip
                work[name] = subject, method, number
    return tasks, work


def measure(name: str, work: Mapping[str, tuple[Subject, str, int]], data_folder: Path | None) -> dict[str, Any]:
    """One ticket: sizes, failures, and what it answers beside its target."""
    subject, construction, number = work[name]
    data = data_of(DATA[subject.kind], data_folder)
    rows = ROWS[data.name]
    recipe = dict(RECIPES[subject.kind][construction])
    method: Any = construction.split(",")[0]
    started = time.perf_counter()
    law = parse_law(recipe.pop("law"))
    recipe["scale_exponents"] = tuple(recipe.get("scale_exponents", (0,)))
    box = Box(data.low, data.high)
    ticket = strong_ticket(network(subject), method=method, seed=SEED + number, domain=box, law=law, **recipe)
    built = time.perf_counter() - started
    return answers(ticket, data.test_x[:rows], data.test_y[:rows]) | {"seconds": round(built, 1)}


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


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target-folder", type=Path)
    parser.add_argument("--data-folder", type=Path)
    parser.add_argument("--kinds", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--activations", nargs="+", default=list(PHIS), choices=PHIS)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--train-rows", type=int, default=10_000)
    parser.add_argument("--conv-epochs", type=int, default=4)
    parser.add_argument("--residual-epochs", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("out/paper_tickets"))
    parser.add_argument("--quick", action="store_true", help="two draws, short training, no published target")
    options = parser.parse_args(arguments)
    if options.quick:
        options.draws, options.train_rows, options.conv_epochs, options.residual_epochs = 2, 2000, 2, 8
        options.kinds = [kind for kind in options.kinds if kind != "published"]
    return options


if __name__ == "__main__":
    main(sys.argv[1:])
