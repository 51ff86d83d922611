"""Exact subset sums on a grid (claim ``quantised``).

Run ``python -m experiments.quantised.study``; it writes ``out/quantised/study.json`` and ``size.png``. For each step,
the least n such that a fixed target of the grid in [-1/2, 1/2] is exactly a subset sum of n samples from U[-1, 1],
rounded to the grid; beside it the counting floor. In units of the step all numbers are whole, and the search is exact.
"""

import argparse
import sys

import numpy as np

from experiments._sizes import size_options, write_and_draw
from experiments.quantised.figure import draw
from sltk.claims.quantised import floor
from sltk.core.rng import stream
from sltk.harness.least_size import least_size
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform

BITS = (2, 4, 6, 8, 10, 12, 14)


def main(arguments: list[str]) -> None:
    """Measure, print, write, draw."""
    options = size_options(__doc__, "quantised", arguments)
    rows = []
    for bits in BITS:
        n = least_size(lambda n, b=bits: missed(n, 2.0**-b, options), options.trials, options.delta)
        rows.append({"bits": bits, "n": n, "floor": floor(2.0**-bits)})
        print(f"step 2^-{bits}: n = {n}, floor {rows[-1]['floor']}")
    found = [(row["bits"], row["n"]) for row in rows if row["n"] is not None]
    slope = float(np.polyfit([bits for bits, _ in found], [n for _, n in found], 1)[0])
    print(f"about {slope:.2f} samples a bit")
    write_and_draw("quantised", arguments, options, draw, rows=rows, slope=slope)


def missed(n: int, step: float, options: argparse.Namespace) -> int:
    """Trials in which no subset sum is the target."""
    generator = stream(0, "quantised", "study", n, repr(step))
    pools = np.round(Uniform(1.0).sample(generator, (options.trials, n)) / step)
    targets = np.round(generator.uniform(-0.5, 0.5, options.trials) / step)
    return int((~solve(pools, targets, eps=0.25, objective="cardinality").reached).sum())


if __name__ == "__main__":
    main(sys.argv[1:])
