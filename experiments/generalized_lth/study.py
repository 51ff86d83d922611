"""Lottery tickets in many bases: digits in eleven, MNIST in three (claim ``generalized-lth``).

Run ``python -m experiments.generalized_lth.study``; it runs ``sltk imp`` twice, prints accuracies and findings, and
draws ``out/generalized_lth/bases.png``. Rows are stored: what is there is not run again. ``--only digits`` takes some
ten minutes on two cores, MNIST (``--data-folder`` as for ``sltk imp``) some forty.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from experiments.generalized_lth.figure import draw
from sltk.cli.commands.imp import run_imp
from sltk.cli.options import Imp

OUT = Path("out/generalized_lth")
JOBS = ("digits", "mnist")


def main(arguments: list[str]) -> None:
    """Run, collect the summaries, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=JOBS, nargs="+", default=list(JOBS))
    parser.add_argument("--data-folder", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    console, found = Console(), {}
    for name in options.only:
        order = job(name, options.data_folder, options.jobs)
        run_imp(order, console)
        latest = max(order.out.glob("imp-*/summary.json"), key=lambda path: path.stat().st_mtime)
        found[name] = json.loads(latest.read_text())
    draw(found, OUT / "bases.png", "python -m experiments.generalized_lth.study")


def job(name: str, folder: Path | None, jobs: int) -> Imp:
    """What is asked of ``sltk imp``."""
    if name == "digits":
        return Imp(data="digits", jobs=jobs, out=OUT / name)
    return Imp(
        data="mnist", data_folder=folder, model="lenet-300-100", bases=("canonical", "dct-input", "dct"), seeds=5,
        rounds=21, epochs=5, batch=128, rate=0.1, controls=False, jobs=jobs, out=OUT / name,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
