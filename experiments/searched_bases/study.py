"""Searched strong tickets in rotated bases: what decides whether a search of very few weights finds anything.

Run ``python -m experiments.searched_bases.study``. On digits, 64-100-60-10: edge-popup with weights of one size and
random signs, in the canonical basis, under transforms of the input side (DCT, DCT of permuted axes) and of both sides
(DCT, Hadamard, one Haar rotation). Controls in the canonical basis: all layers ranked as one; ERK; equal inputs a unit;
equal outputs a unit; a density that falls from 1; and weights that are trained, which say what so few weights can do.

Every arm is run at five rates. Its own rate is the one with the best mean accuracy on the validation part over the
tuning seeds, which no verdict looks at. Each claim is a family of exact sign-flip tests, paired over the other seeds,
that errs anywhere with probability .05 (Holm). It draws ``out/searched_bases/rates.png``. Some twelve minutes of CPU.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType

from experiments.searched_bases.arms import ARMS, heard_rows
from experiments.searched_bases.figure import RATES
from experiments.searched_bases.summary import accuracy_table, judged, own_rates
from sltk.core.threads import limit
from sltk.data.datasets import load
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.models.dense import dense_network
from sltk.studies.tables import findings_table
from sltk.train.runner import run
from sltk.train.setup import RECIPE, Setup

SIZES = (64, 100, 60, 10)
MEASURED = ("test", "validation", "live", "epochs", "multiply_adds")
HEARD = ("heard", "units")


@dataclass(frozen=True, kw_only=True)
class SearchOptions(StudyOptions):
    """What is asked."""

    arms: tuple[str, ...] = tuple(ARMS)
    """Bases and controls, by name."""
    densities: tuple[float, ...] = (0.1, 0.03)
    """Kept fractions."""
    rates: tuple[float, ...] = (0.2, 0.06, 0.02, 0.006, 0.002)
    """Of SGD on the scores, or on the weights of the arm that trains them."""
    epochs: float = 40
    """Of an arm, all of its trainings together."""
    seeds: int = 12
    """Runs that verdicts look at: 100, 101, ..."""
    tuning: int = 4
    """Runs that choose the rate of an arm: 0, 1, ..."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out/searched_bases")
    """Folder for rows, JSON and figures."""


class SearchedBases(Study[SearchOptions]):
    """One arm at one density and rate a cell, all seeds in one stack."""

    name = "searched_bases"
    claim = "generalized-lth"
    measures = "Accuracy of tickets that are found by search, not trained, by basis, density and rate of the scores."
    minutes = 13.0
    options = SearchOptions
    quick: ClassVar = {"arms": ("canonical", "haar"), "densities": (0.03,), "rates": (0.2, 0.02), "epochs": 8,
                       "seeds": 8, "tuning": 2}  # fmt: skip
    figures: ClassVar = {"rates": RATES}
    width = 130

    def cells(self, options: SearchOptions) -> dict[str, dict[str, Any]]:
        """Every arm at every density and rate."""
        common = {"seeds": [*range(options.tuning), *range(FIRST, FIRST + options.seeds)], "epochs": options.epochs}
        return {
            f"{arm}, density {density:g}, rate {rate:g}": {"arm": arm, "density": density, "rate": rate, **common}
            for arm in options.arms
            for density in options.densities
            for rate in options.rates
        }

    def measure(self, cell: Mapping[str, Any], options: SearchOptions) -> dict[str, Any]:
        """Accuracies, densities, budgets and who hears a gradient, by seed."""
        return measured(cell)

    def conclude(self, rows: Sequence[StudyRow], options: SearchOptions) -> dict[str, Any]:
        """What each arm is like at each rate, which rate is its own, and the verdicts."""
        found = [{**row.cell, **row.outputs} for row in rows]
        own = own_rates(found, options.tuning)
        findings = [asdict(one) for one in judged(found, own, options.tuning)]
        asked = {"densities": options.densities, "rates": options.rates, "arms": options.arms, "seeds": options.seeds,
                 "tuning": options.tuning, "epochs": options.epochs}  # fmt: skip
        return {**asked, "own": own, "rows": found, "findings": findings}

    def tables(self, document: Mapping[str, Any]) -> list[RenderableType]:
        """Accuracies by arm and rate; verdicts."""
        found = judged(document["rows"], document["own"], document["tuning"])
        tables: list[RenderableType] = [accuracy_table(document, density) for density in document["densities"]]
        return [*tables, findings_table(found, "arm", "points")]


FIRST = 100  # seed of the first run that verdicts look at


@limit(1)
def measured(cell: Mapping[str, Any]) -> dict[str, Any]:
    """What one arm comes to at one density and rate, by seed."""
    arm, data = ARMS[cell["arm"]], load("digits")
    recipe = replace(RECIPE, rate=cell["rate"])
    epochs = cell["epochs"] / (6 if arm.trained else 1)
    setup = Setup(arm.basis, cell["seeds"], epochs, recipe=recipe)
    outcome = run(arm.method(cell["density"]), lambda seed: dense_network(SIZES, seed), data, setup)
    found: dict[str, Any] = {part: [row[part] for row in outcome.last] for part in MEASURED}
    for when in ("start", "end"):
        for part in HEARD:
            found[f"{part}, {when}"] = heard_rows(outcome.rows, when, part)
    return found


STUDY = SearchedBases()

if __name__ == "__main__":
    sys.exit(STUDY.main())
