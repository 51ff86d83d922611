"""Recipes that chose themselves, on networks that they had never seen: what the tickets compute.

Run ``SLTK_DATA=F sltk run auto-recipes``, where F holds MNIST; it trains the networks of ``targets`` where they are not
in ``out/auto_recipes/targets``, and builds a ticket of each by both methods from several seeds, with no option but
method and seed. A row says what was predicted and what came of it on the first 1,000 test images. The recipes were
tuned on the same architectures trained from seed 100, on the published targets and on seeds from 1001 on; training
seed 1 and sources 1 to 3 were kept aside.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from rich.table import Table

from experiments._target import digest
from experiments.auto_recipes.figure import ERRORS
from experiments.auto_recipes.targets import BATCH, EPOCHS, NETWORKS, RATE, architecture, stored
from sltk.certify.intervals import Box
from sltk.construct import Construction
from sltk.construct.choose.choose import choose
from sltk.construct.choose.forecast import forecast
from sltk.data.datasets import Dataset, load
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.models.text import load_target

ROWS = 1000
LEAST_SAME = 0.99


@dataclass(frozen=True, kw_only=True)
class AutoOptions(StudyOptions):
    """What is asked."""

    data_folder: Path | None = None
    """Folder that holds MNIST."""
    networks: tuple[str, ...] = ("cnn6-gelu", "resnet8-relu")
    """Which targets."""
    methods: tuple[str, ...] = ("plus-one", "two-layer")
    """Constructions."""
    training_seed: int = 1
    """From which the targets are trained."""
    seeds: int = 1
    """Sources of each: seeds 1, 2, ..."""
    out: Path = Path("out/auto_recipes")


class AutoRecipes(Study[AutoOptions]):
    """One ticket a cell."""

    name = "auto_recipes"
    revision = 3
    measures = "Tickets of networks that no recipe was tuned on: predicted, and what came of it."
    options = AutoOptions
    needs = "MNIST"
    quick: ClassVar = {"networks": ("resnet8-relu",), "methods": ("two-layer",)}
    paper: ClassVar = {"networks": tuple(NETWORKS), "seeds": 3}
    minutes = 5.8  # and a few more where its two targets have to be trained first, which nobody has timed
    clocks: ClassVar = frozenset({"seconds"})
    figures: ClassVar = {"errors": ERRORS}
    width = 190

    def cells(self, options: AutoOptions) -> dict[str, dict[str, Any]]:
        """A network, a method, a seed."""
        training = {"seed": options.training_seed, "epochs": EPOCHS, "batch": BATCH, "rate": RATE}
        return {
            f"{network} {method} {seed}": {"network": network, "training": training, "method": method, "seed": seed,
                                           "rows": ROWS}
            for network in options.networks for method in options.methods for seed in range(1, options.seeds + 1)
        }  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: AutoOptions) -> dict[str, Any]:
        """Choose, predict, build, measure."""
        given = data(options.data_folder)
        path = stored(options.out / "targets", cell["network"], cell["training"]["seed"], given)
        target = load_target(path, architecture(cell["network"]), given.input_shape)
        box, started = Box(given.low, given.high), time.perf_counter()
        choice = choose(target, box, {"method": cell["method"]})
        expected = forecast(target, box, choice, given.test_x)
        ticket = Construction(target, box, choice).build(cell["seed"])
        seconds = time.perf_counter() - started
        findings = ticket.findings(given.test_x[: cell["rows"]], "test images")
        met = findings.measured[-1]
        return {
            "sha256": digest(path), "word": findings.word, "same": met.same, "rows": met.rows, "error": met.error,
            "spread": met.spread, "bound": findings.bound, "failures": findings.failures, "problems": findings.problems,
            "predicted_failures": choice.missed, "predicted_error": expected.error, "n": choice.recipe.n,
            "kept": ticket.sizes.kept, "source": ticket.sizes.source, "seconds": seconds,
        }  # fmt: skip

    def conclude(self, rows: Sequence[StudyRow], options: AutoOptions) -> dict[str, Any]:
        """One row a ticket."""
        return {"rows": [{**row.cell, **row.outputs} for row in rows]}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Every ticket computes its target, with at least 99% of the answers."""
        return all(
            row["word"] in ("proved", "faithful") and row["same"] >= LEAST_SAME * row["rows"]
            for row in document["rows"]
        )

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """One row a ticket."""
        sheet = Table(title="Recipes that chose themselves", title_justify="left")
        for column in ("network", "method", "seed", "n", "verdict", "failures", "predicted", "same answers", "error",
                       "predicted", "spread", "kept", "source", "s"):  # fmt: skip
            sheet.add_column(column, justify="left" if column in ("network", "method", "verdict") else "right")
        for row in document["rows"]:
            sheet.add_row(
                row["network"], row["method"], str(row["seed"]), str(row["n"]), row["word"],
                f"{row['failures']:,} of {row['problems']:,}", f"{row['predicted_failures']:.2g}",
                f"{row['same'] / row['rows']:.1%}", f"{row['error']:.2g}", f"{row['predicted_error']:.2g}",
                f"{row['spread']:.3g}", f"{row['kept']:,}", f"{row['source']:,}", f"{row['seconds']:.0f}",
            )  # fmt: skip
        return [sheet]


@lru_cache(maxsize=1)
def data(folder: Path | None) -> Dataset:
    """MNIST, read once a process."""
    return load("mnist", folder)


STUDY = AutoRecipes()

if __name__ == "__main__":
    sys.exit(STUDY.main())
