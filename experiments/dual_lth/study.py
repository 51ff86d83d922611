"""Random masks transformed by a growing penalty, beside their rivals (claim ``dual-lth``).

Run ``python -m experiments.dual_lth.study``; it runs ``sltk rst`` on digits in the canonical basis and on DCT
coefficients, prints accuracies and findings, and draws ``out/dual_lth/rivals.png``. Some ten minutes on two cores; rows
are stored, and what is there is not run again.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from experiments.dual_lth.figure import draw
from sltk.cli.commands.rst import run_rst
from sltk.cli.options import Rst

OUT = Path("out/dual_lth")
BASES = ("canonical", "dct")


def main(arguments: list[str]) -> None:
    """Run, collect the summaries, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", nargs="+", default=list(BASES))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    console, found = Console(), {}
    for basis in options.bases:
        order = Rst(basis=basis, jobs=options.jobs, out=OUT / basis)
        run_rst(order, console)
        latest = max(order.out.glob("rst-*/summary.json"), key=lambda path: path.stat().st_mtime)
        found[basis] = json.loads(latest.read_text())
    draw(found, OUT / "rivals.png", f"python -m experiments.dual_lth.study {' '.join(arguments)}".strip())


if __name__ == "__main__":
    main(sys.argv[1:])
