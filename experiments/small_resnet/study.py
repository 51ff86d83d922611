"""A small residual target trained on CIFAR-10 (JPEG), and tickets of it by both constructions.

Run ``SLTK_DATA=F sltk run small-resnet``, where F holds CIFAR-10 (JPEG); it trains ``resnet(activation="relu",
blocks=1, widths=(8,12,16))`` from a seed, half of the weights pruned, into ``out/small_resnet``. For each method it
constructs a ticket, saves it beside the target, loads the file and checks it on the first 100 test images of each
class; the table says what came of it, and ``study.json`` holds the same. Recipes choose themselves: with one that was
given once (n = 26, every parameter to .005) a plus-one ticket without a failure lost its function.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from rich.table import Table

from experiments._target import digest
from experiments.small_resnet.target import architecture, stored
from sltk.certify.intervals import Box
from sltk.construct import Construction, Run, load, save
from sltk.construct.choose.choose import choose
from sltk.data.datasets import Dataset
from sltk.data.datasets import load as load_data
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.models.text import load_target
from sltk.verify.agreement import first_of_each_class
from sltk.verify.check import check

DATA = "cifar10-jpeg"
PER_CLASS = 100
SEED = 1


@dataclass(frozen=True, kw_only=True)
class ResnetOptions(StudyOptions):
    """What is asked."""

    data_folder: Path | None = None
    """Folder that holds CIFAR-10."""
    activation: str = "relu"
    """Of the target."""
    epochs: int = 2
    """Of its training."""
    methods: tuple[str, ...] = ("plus-one", "two-layer")
    """Constructions."""
    out: Path = Path("out/small_resnet")


class SmallResnet(Study[ResnetOptions]):
    """One construction a cell."""

    name = "small_resnet"
    measures = "Tickets of a small residual network: what was missed, what they answer, what they cost."
    options = ResnetOptions
    needs = "CIFAR-10 (JPEG)"
    revision = 4
    quick: ClassVar = {"epochs": 1, "methods": ("two-layer",)}
    paper: ClassVar = {"epochs": 8}
    minutes = 7.3
    clocks: ClassVar = frozenset({"seconds"})
    width = 150

    def cells(self, options: ResnetOptions) -> dict[str, dict[str, Any]]:
        """Both constructions of the target."""
        common = {"activation": options.activation, "epochs": options.epochs, "seed": SEED, "per_class": PER_CLASS}
        return {method: {"method": method, **common} for method in options.methods}

    def measure(self, cell: Mapping[str, Any], options: ResnetOptions) -> dict[str, Any]:
        """Train the target where it is not there yet; construct, save, load, check."""
        given, name = data(options.data_folder), f"{cell['activation']}-{cell['epochs']}"
        path = stored(options.out / f"{name}.safetensors", cell["activation"], cell["epochs"], given)
        target = load_target(path, architecture(cell["activation"]), given.input_shape)
        place = options.out / f"{name}-{cell['method']}.ticket"
        started, box = time.perf_counter(), Box(given.low, given.high)
        choice = choose(target, box, {"method": cell["method"]})
        run = Run(place.with_name(place.name + ".checkpoint"))
        ticket = Construction(target, box, choice).build(cell["seed"], run=run)
        save(ticket, place)
        built = time.perf_counter() - started
        rows = first_of_each_class(given.test_y, cell["per_class"])
        found = check(load(place, target), (given.test_x[rows], given.test_y[rows]))
        met = found.data
        assert met is not None
        return {
            "recipe": choice.recipe.record(), "file": place.name,
            "target_sha256": digest(path), "sha256": digest(place), "passed": found.passed,
            "verdicts": [asdict(verdict) for verdict in found.verdicts],
            "problems": ticket.problems, "failures": len(ticket.failures), "kept": ticket.sizes.kept,
            "source": ticket.sizes.source, "target_parameters": ticket.sizes.target, "rows": met.rows,
            "target_right": met.target_correct, "ticket_right": met.ticket_correct, "differing": met.differing,
            "error": met.error, "largest_output": met.largest, "bound": found.certificate.bound, "seconds": built,
        }  # fmt: skip

    def conclude(self, rows: Sequence[StudyRow], options: ResnetOptions) -> dict[str, Any]:
        """One row a construction."""
        found = [{"method": row.name, **row.outputs} for row in rows]
        return {"activation": options.activation, "epochs": options.epochs, "rows": found}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Every ticket passes its check."""
        return all(row["passed"] for row in document["rows"])

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """One row a construction."""
        sheet = Table(title=f"Tickets of a small {document['activation']} ResNet", title_justify="left")
        for column in ("method", "check", "failures", "of", "target right", "ticket right", "other answers", "error",
                       "largest output", "bound", "kept", "source", "s"):  # fmt: skip
            sheet.add_column(column, justify="left" if column == "method" else "right")
        for row in document["rows"]:
            sheet.add_row(
                row["method"], "passed" if row["passed"] else "NOT passed", f"{row['failures']:,}",
                f"{row['problems']:,}", f"{row['target_right'] / row['rows']:.1%}",
                f"{row['ticket_right'] / row['rows']:.1%}", str(row["differing"]), f"{row['error']:.3g}",
                f"{row['largest_output']:.3g}", f"{row['bound']:.3g}", f"{row['kept']:,}", f"{row['source']:,}",
                f"{row['seconds']:.0f}",
            )  # fmt: skip
        return [sheet]


@lru_cache(maxsize=1)
def data(folder: Path | None) -> Dataset:
    """CIFAR-10, read once a process."""
    return load_data(DATA, folder)


STUDY = SmallResnet()

if __name__ == "__main__":
    sys.exit(STUDY.main())
