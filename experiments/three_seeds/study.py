"""All three seeds in one ticket: of the network, of the rotation, of the pools; what is left are masks.

Run ``python -m experiments.three_seeds.study``. On digits, 64-100-60-10: iterative magnitude pruning of coefficients in
the canonical basis, DCT of the input side, DCT of both sides, and one Haar rotation, down to a density of .02. Then
every coefficient that is kept, and every bias, becomes the nearest subset sum of n numbers of a pool of its own from
U(-2, 2); nothing is trained afterwards. In an orthonormal basis the weights move as far as the coefficients. Random
bits are 24 a number of a pool. Controls: the same numbers rounded to n bits of the law's range, and random subsets.

Law, sizes and densities were chosen on seeds 0 to 3; the runs here have other seeds. Each claim is a family of exact
sign-flip tests, paired over seeds, that errs anywhere with probability .05 (Holm). It draws
``out/three_seeds/bits.png``. Some three minutes of CPU.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType

from experiments.three_seeds.figure import BITS
from experiments.three_seeds.resum import WAYS, SeedTicket
from experiments.three_seeds.summary import FEWER, accuracy_table, bits_table, isometry, judged
from sltk.core.threads import limit
from sltk.data.datasets import load
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.models.dense import dense_network
from sltk.studies.tables import findings_table
from sltk.train.runner import run
from sltk.train.setup import Setup

SIZES = (64, 100, 60, 10)
OUTPUTS = {"accuracy": "accuracy", "on validation": "validation", "numbers": "numbers", "moved": "moved",
           "moved in coefficients": "moved in coefficients"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SeedOptions(StudyOptions):
    """What is asked."""

    bases: tuple[str, ...] = ("canonical", "dct-input", "dct", "haar")
    """Of the coefficients."""
    densities: tuple[float, ...] = (0.6, 0.35, 0.2, 0.1, 0.05, 0.02)
    """Kept fractions of the weights, round by round."""
    written: tuple[float, ...] = (0.2, 0.1, 0.05, 0.02)
    """Those whose tickets random numbers write."""
    sizes: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14)
    """Samples of a pool."""
    epochs: float = 12
    """Of each training."""
    seeds: int = 12
    """Runs: 100, 101, ..."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out/three_seeds")
    """Folder for rows, JSON and figures."""


class ThreeSeeds(Study[SeedOptions]):
    """One basis a cell, all seeds in one stack."""

    name = "three_seeds"
    claim = "generalized-lth"
    measures = (
        "Accuracy of trained tickets whose kept numbers are subset sums of random ones, by basis and random bits."
    )
    minutes = 1.1
    options = SeedOptions
    quick: ClassVar = {"bases": ("canonical", "dct"), "densities": (0.3, 0.1), "written": (0.1,), "sizes": (3, 5, 8),
                       "epochs": 3, "seeds": 8}  # fmt: skip
    figures: ClassVar = {"bits": BITS}
    width = 130

    def cells(self, options: SeedOptions) -> dict[str, dict[str, Any]]:
        """Each basis."""
        common = {"densities": options.densities, "written": options.written, "sizes": options.sizes,
                  "epochs": options.epochs, "seeds": [*range(FIRST, FIRST + options.seeds)]}  # fmt: skip
        return {basis: {"basis": basis, **common} for basis in options.bases}

    def measure(self, cell: Mapping[str, Any], options: SeedOptions) -> dict[str, Any]:
        """Accuracies of trained tickets, and of those that random numbers write, by seed."""
        return measured(cell)

    def conclude(self, rows: Sequence[StudyRow], options: SeedOptions) -> dict[str, Any]:
        """Outputs by basis, verdicts, and how far the transforms are from isometries."""
        found = {row.cell["basis"]: dict(row.outputs) for row in rows}
        asked = {"written": options.written, "sizes": options.sizes, "epochs": options.epochs, "seeds": options.seeds}
        findings = [asdict(one) for one in judged(found, options.written)]
        apart = {basis: isometry(outputs) for basis, outputs in found.items()}
        return {**asked, "found": found, "findings": findings, "isometry": apart}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Weights move as far as coefficients, to the rounding of float32."""
        return max(document["isometry"].values()) < ROUNDING

    def tables(self, document: Mapping[str, Any]) -> list[RenderableType]:
        """Accuracies by basis, bits by accuracy, verdicts."""
        found, written = document["found"], document["written"]
        findings = judged(found, written)
        points = [one for one in findings if one.claim != FEWER]
        tables = [accuracy_table(basis, outputs, written) for basis, outputs in found.items()]
        return [*tables, bits_table(found, findings), findings_table(points, "where", "points")]


FIRST = 100  # seed of the first run: those below chose law, sizes and densities
ROUNDING = 1e-5


@limit(1)
def measured(cell: Mapping[str, Any]) -> dict[str, Any]:
    """What the tickets of one basis come to."""
    densities = tuple(cell["densities"])
    method = SeedTicket(
        densities[-1], len(densities), densities=densities, sizes=tuple(cell["sizes"]), written=tuple(cell["written"])
    )
    outcome = run(
        method, lambda seed: dense_network(SIZES, seed), load("digits"),
        Setup(cell["basis"], cell["seeds"], cell["epochs"]),
    )  # fmt: skip
    labels = {str(place): f"{density:g}" for place, density in enumerate(densities, 1)}
    trained: dict[str, list[float]] = {labels[label]: outcome.accuracy(label) for label in labels}
    again = [row for row in outcome.rows if row["label"] == "written"]
    entries = []
    for density in cell["written"]:
        for way in WAYS:
            for n in cell["sizes"]:
                own = [row for row in again if (row["written"], row["way"], row["n"]) == (density, way, n)]
                parts = {name: [row[part] for row in own] for part, name in OUTPUTS.items()}
                entries.append({"density": density, "way": way, "n": n, **parts})
    spent = {part: [row[part] for row in outcome.last] for part in ("epochs", "multiply_adds")}
    return {"trained": trained, "written": entries, **spent}


STUDY = ThreeSeeds()

if __name__ == "__main__":
    sys.exit(STUDY.main())
