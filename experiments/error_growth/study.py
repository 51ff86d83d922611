"""How the error of a ticket grows with depth: proved before, proved after, found by an attack, seen on data.

Run ``python -m experiments.error_growth.study``; it prints a table, and writes ``out/error_growth/study.json`` and
``growth.png``. Targets are chains and residual networks of six neurons a layer, weights uniform in [-1/2, 1/2], on
[-1, 1]^2. Every parameter is asked for to .002, at n = 24; sources differ in how their samples are spread:

- ``one scale``: U[-4, 4], subsets of least error, as the theorems have it;
- ``several scales``: the same largest scale, samples over four scales, subsets of least mass;
- ``two-layer``: one copy of each neuron, so that nothing is there to come apart.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from rich.table import Table

from experiments.error_growth.figure import GROWTH
from experiments.error_growth.targets import ACTIVATIONS, target
from sltk.certify.adversary import data_error, sup_error
from sltk.certify.intervals import Box
from sltk.construct import Construction, Recipe, Search, StrongTicket
from sltk.construct.recipe import from_record
from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.networks.network import Network

BOX, POINTS = Box(-1.0, 1.0), 500
N, PARAM_EPS = 24, 0.002
SOURCES = {
    "one scale": (Recipe("plus-one", N, PARAM_EPS, law="uniform(4.0)"), Search("error")),
    "several scales": (Recipe("plus-one", N, PARAM_EPS, scale_exponents=(1, 0, -1, -2)), Search("mass")),
    "two-layer": (Recipe("two-layer", N, PARAM_EPS, law="uniform(4.0)"), Search("error")),
}


@dataclass(frozen=True, kw_only=True)
class GrowthOptions(StudyOptions):
    """What is asked."""

    depths: tuple[int, ...] = (1, 3, 5, 7, 9, 13, 17)
    """Layers before the readout."""
    seeds: int = 3
    """Sources of every kind."""
    out: Path = Path("out/error_growth")


class ErrorGrowth(Study[GrowthOptions]):
    """One ticket a cell."""

    name = "error_growth"
    claim = "plus-one-residual"
    measures = "Proved and measured errors of a ticket, by the depth of its target."
    options = GrowthOptions
    quick: ClassVar = {"depths": (1, 3), "seeds": 1}
    minutes = 15.0
    figures: ClassVar = {"growth": GROWTH}
    width = 120

    def cells(self, options: GrowthOptions) -> dict[str, dict[str, Any]]:
        """Every target, source and seed."""
        return {
            f"{activation}, {'skips, ' * skips}{name}, {layers} layers, seed {seed}": {
                "activation": activation, "skips": skips, "source": name, "layers": layers, "seed": seed,
                "recipe": SOURCES[name][0].record(), "search": SOURCES[name][1].record(),
            }
            for activation in ACTIVATIONS for skips in (False, True) for name in SOURCES
            for layers in options.depths for seed in range(options.seeds)
        }  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: GrowthOptions) -> dict[str, Any]:
        """What is proved and what is found of the error of one ticket."""
        network = target(cell["layers"], cell["activation"], cell["skips"])
        recipe, search = from_record(Recipe, cell["recipe"]), from_record(Search, cell["search"])
        return errors(Construction(network, BOX, recipe).build(cell["seed"], search), network)

    def conclude(self, rows: Sequence[StudyRow], options: GrowthOptions) -> dict[str, Any]:
        """All rows."""
        names = ("activation", "skips", "source", "layers", "seed")
        found = [{**{name: row.cell[name] for name in names}, **row.outputs} for row in rows]
        return {"depths": list(options.depths), "seeds": options.seeds, "rows": found}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """Errors by depth."""
        return [table(document["rows"], document["depths"])]


def errors(ticket: StrongTicket, network: Network) -> dict[str, Any]:
    """One ticket: what is proved and what is found of its error."""
    module, seed = ticket.module("dense").double().eval(), ticket.source.seed
    x = torch.rand(POINTS, 2, dtype=torch.float64, generator=torch_stream(seed, "error-growth", "inputs")) * 2.0 - 1.0
    attack = sup_error(network, module, BOX, data=x[:16], shape=(2,), restarts=8, steps=10, seed=seed)
    on_data = data_error(network, module, x)
    try:
        a_priori = ticket.a_priori.bound
    except SltkError:  # beyond float64
        a_priori = float("inf")
    return {
        "failures": len(ticket.failures), "data": on_data, "attack": max(attack.error, on_data),
        "certificate": ticket.certificate.bound, "a_priori": min(a_priori, 1e300),
        "largest": float(network(x).abs().max()),
    }  # fmt: skip


def table(rows: Sequence[Mapping[str, Any]], depths: Sequence[int]) -> Table:
    """Worst over seeds at the least, middle and largest depth."""
    made = Table("target", "source", "layers", title="Errors of tickets by depth, worst over seeds")
    for name in ("failures", "data", "attack", "certificate", "a priori", "largest output"):
        made.add_column(name, justify="right")
    shown = sorted({depths[0], depths[len(depths) // 2], depths[-1]})
    kinds = dict.fromkeys((r["activation"], r["skips"], r["source"]) for r in rows)
    for activation, skips, source in kinds:
        for layers in shown:
            own = [r for r in rows if (r["activation"], r["skips"], r["source"]) == (activation, skips, source)]
            own = [r for r in own if r["layers"] == layers]
            worst = {key: max(r[key] for r in own) for key in ("data", "attack", "certificate", "a_priori", "largest")}
            made.add_row(
                f"{activation}{', skips' if skips else ''}", source, str(layers), str(sum(r["failures"] for r in own)),
                *(f"{value:.2g}" for value in worst.values()), end_section=layers == shown[-1],
            )  # fmt: skip
    return made


STUDY = ErrorGrowth()

if __name__ == "__main__":
    sys.exit(STUDY.main())
