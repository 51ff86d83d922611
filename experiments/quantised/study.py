"""Exact subset sums on a grid (claim ``quantised``).

Run ``python -m experiments.quantised.study``; it writes ``out/quantised/study.json`` and ``size.png``. For each step,
the least n such that a fixed target of the grid in [-1/2, 1/2] is exactly a subset sum of n samples from U[-1, 1],
rounded to the grid; beside it the counting floor. In units of the step all numbers are whole, and the search is exact.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments._sizes import SizeOptions, SizeStudy
from experiments.quantised.figure import SIZE
from sltk.claims.quantised import floor
from sltk.core.rng import stream
from sltk.harness.study import StudyRow
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform


@dataclass(frozen=True, kw_only=True)
class GridOptions(SizeOptions):
    """What is asked."""

    out: Path = Path("out/quantised")


class Quantised(SizeStudy[GridOptions]):
    """Sizes by the bits of the grid."""

    name = "quantised"
    claim = "quantised"
    measures = "The least size of a pool of a grid that hits a target of the grid exactly."
    options = GridOptions
    minutes = 0.2
    figures: ClassVar = {"size": SIZE}
    axis, grid = "bits", (2, 4, 6, 8, 10, 12, 14)

    def missed(self, n: int, cell: Mapping[str, Any]) -> int:
        """Trials in which no subset sum is the target."""
        step, trials = 2.0 ** -cell["bits"], cell["trials"]
        generator = stream(0, "quantised", "study", n, repr(step))
        pools = np.round(Uniform(1.0).sample(generator, (trials, n)) / step)
        targets = np.round(generator.uniform(-0.5, 0.5, trials) / step)
        return int((~solve(pools, targets, eps=0.25, objective="cardinality").reached).sum())

    def conclude(self, rows: Sequence[StudyRow], options: GridOptions) -> dict[str, Any]:
        """Sizes, beside the counting floor; and the slope through them."""
        document = super().conclude(rows, options)
        for row in document["rows"]:
            row["floor"] = floor(2.0 ** -row["bits"])
        found = [(row["bits"], row["n"]) for row in document["rows"] if row["n"] is not None]
        return {**document, "slope": float(np.polyfit([bits for bits, _ in found], [n for _, n in found], 1)[0])}

    def tables(self, document: Mapping[str, Any]) -> list[str]:
        """One line a step, and the slope."""
        return [*super().tables(document), f"about {document['slope']:.2f} samples a bit"]

    def line(self, row: Mapping[str, Any]) -> str:
        """One step and its size."""
        return f"step 2^-{row['bits']}: n = {row['n']}, floor {row['floor']}"


STUDY = Quantised()

if __name__ == "__main__":
    sys.exit(STUDY.main())
