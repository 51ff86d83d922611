"""Parameters reached against the function computed: one does not say the other, either way.

Run ``sltk run reached-and-computed``. Targets are chains of six neurons a layer (those of ``error-growth``) on
[-1, 1]^2. Every parameter is asked for to .01 from pools of growing size; a ticket is one point: the share of its
subset-sum problems that missed, and the largest error on 300 inputs, over the target's largest output. Sources differ
in how their samples are spread, as in ``error-growth``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from rich.table import Table

from experiments.error_growth.targets import target
from experiments.reached_and_computed.figure import REACHED
from sltk.certify.adversary import data_error
from sltk.certify.intervals import Box
from sltk.construct import Construction, Recipe, Search
from sltk.construct.recipe import from_record
from sltk.core.rng import torch_stream
from sltk.harness.study import Study, StudyOptions, StudyRow

BOX, POINTS, PARAM_EPS = Box(-1.0, 1.0), 300, 0.01
SOURCES = {
    "one scale": (Recipe("plus-one", 1, PARAM_EPS, law="uniform(4.0)"), Search("error")),
    "several scales": (Recipe("plus-one", 1, PARAM_EPS, scale_exponents=(1, 0, -1, -2)), Search("mass")),
    "two-layer": (Recipe("two-layer", 1, PARAM_EPS, law="uniform(4.0)"), Search("error")),
}


@dataclass(frozen=True, kw_only=True)
class ReachedOptions(StudyOptions):
    """What is asked."""

    depths: tuple[int, ...] = (2, 6, 14)
    """Layers before the readout."""
    n: tuple[int, ...] = (6, 9, 12, 16, 20, 24, 28)
    """Samples of a pool."""
    seeds: int = 3
    """Sources of every kind."""
    out: Path = Path("out/reached_and_computed")


class ReachedAndComputed(Study[ReachedOptions]):
    """One ticket a cell."""

    name = "reached_and_computed"
    measures = "Missed parameters of a ticket beside the error of its function, by source, depth and pool."
    options = ReachedOptions
    minutes = 0.74
    quick: ClassVar = {"depths": (2,), "n": (6, 9), "seeds": 1}
    figures: ClassVar = {"reached": REACHED}

    def cells(self, options: ReachedOptions) -> dict[str, dict[str, Any]]:
        """Every source, depth, size and seed."""
        return {
            f"{name}, {layers} layers, n = {n}, seed {seed}": {
                "source": name, "layers": layers, "n": n, "seed": seed, "recipe": {**recipe.record(), "n": n},
                "search": search.record(),
            }
            for name, (recipe, search) in SOURCES.items() for layers in options.depths for n in options.n
            for seed in range(options.seeds)
        }  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: ReachedOptions) -> dict[str, Any]:
        """One ticket: problems that missed, and the error of the function on drawn inputs."""
        network = target(cell["layers"], "relu", False)
        made = Construction(network, BOX, from_record(Recipe, cell["recipe"]))
        ticket = made.build(cell["seed"], from_record(Search, cell["search"]))
        generator = torch_stream(cell["seed"], "reached-and-computed", "inputs")
        x = torch.rand(POINTS, 2, dtype=torch.float64, generator=generator) * 2.0 - 1.0
        error = data_error(network, ticket.module("dense").double().eval(), x)
        return {"problems": ticket.problems, "failures": len(ticket.failures), "error": error,
                "largest": float(network(x).abs().max())}  # fmt: skip

    def conclude(self, rows: Sequence[StudyRow], options: ReachedOptions) -> dict[str, Any]:
        """All rows."""
        names = ("source", "layers", "n", "seed")
        return {"depths": list(options.depths),
                "rows": [{**{name: row.cell[name] for name in names}, **row.outputs} for row in rows]}  # fmt: skip

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """By source and depth: tickets that reached everything, those of them that lost the function, and the rest."""
        sheet = Table(title="Parameters reached and functions computed (to a tenth of the largest output)")
        for name in ("source", "layers", "tickets", "all reached", "... and lost", "some missed", "... and computed"):
            sheet.add_column(name, justify="left" if name == "source" else "right")
        for source in SOURCES:
            for layers in document["depths"]:
                own = [r for r in document["rows"] if (r["source"], r["layers"]) == (source, layers)]
                whole, holed = ([r for r in own if (r["failures"] == 0) is reached] for reached in (True, False))
                lost = sum(r["error"] > 0.1 * r["largest"] for r in whole)
                computed = sum(r["error"] <= 0.1 * r["largest"] for r in holed)
                counts = (layers, len(own), len(whole), lost, len(holed), computed)
                sheet.add_row(source, *map(str, counts))
        return [sheet]


STUDY = ReachedAndComputed()

if __name__ == "__main__":
    sys.exit(STUDY.main())
