"""How many draws of a source have no range obstruction, by the samples of a pool: what no search can mend.

Run ``SLTK_DATA=F sltk run obstructions``, where F holds ``targets/resnet20_cifar10.pt``, or name another target by
``--target``, ``--arch``, ``--input-shape`` and ``--box``; it prints a table and writes
``out/obstructions/TARGET.json``. A draw takes seconds, since nothing is searched: this is where the width of a
construction is chosen, before it is built. The interval of the share is exact (Clopper-Pearson, 95%).
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.table import Table

from experiments._target import Resnet20Options
from sltk.construct import Construction, Recipe, Search
from sltk.core.statistics.stats import clopper_pearson
from sltk.harness.study import Study, StudyRow
from sltk.networks.network import Network


@dataclass(frozen=True, kw_only=True)
class ObstructionOptions(Resnet20Options):
    """What is asked."""

    method: str = "plus-one"
    """Construction."""
    n: tuple[int, ...] = (30, 33, 36)
    """Samples of a pool."""
    seeds: int = 12
    """Draws at each n: seeds 1, 2, ..."""
    param_eps: float = 0.008
    """Tolerance of every parameter."""
    prune_below: float = 0.001
    """Parameters up to this size are left out."""
    law: str = "uniform(2.0)"
    """Of the source's weights."""
    scale_exponents: tuple[int, ...] = (-3, -2, -1, 0, 1, 2, 3)
    """Exponents of two over which the samples of hidden pools are spread."""
    bias_exponent: int = 3
    """Exponent of two for the pools of hidden biases."""
    out: Path = Path("out/obstructions")


class Obstructions(Study[ObstructionOptions]):
    """All draws at one n a cell."""

    name = "obstructions"
    measures = "The share of draws of a source without a range obstruction."
    options = ObstructionOptions
    needs = "the published ResNet-20, or another target"
    minutes = 2.0
    quick: ClassVar = {"n": (28, 36), "seeds": 3}
    paper: ClassVar = {"n": (28, 30, 32, 34, 36)}

    def cells(self, options: ObstructionOptions) -> dict[str, dict[str, Any]]:
        """One for each n."""
        names = ("method", "seeds", "param_eps", "prune_below", "law", "scale_exponents", "bias_exponent")
        common = {**options.about_target(), **{name: getattr(options, name) for name in names}}
        return {f"n {n}": {"n": n, **common} for n in options.n}

    def measure(self, cell: Mapping[str, Any], options: ObstructionOptions) -> dict[str, Any]:
        """Obstructions of every seed, and the layers that have them."""
        asked, search = construction(options.network(), cell), Search(prune_below=cell["prune_below"])
        counts, layers = [], set()
        for seed in range(1, cell["seeds"] + 1):
            found = asked.obstructions(seed, search)
            counts.append(len(found))
            layers |= {asked.network.stages[int(stage)].affine.name for stage in found.stage}
        return {"counts": counts, "layers": sorted(layers)}

    def conclude(self, rows: Sequence[StudyRow], options: ObstructionOptions) -> dict[str, Any]:
        """The share of clear draws at each n, with its interval."""
        found = []
        for row in rows:
            counts = row.outputs["counts"]
            clear = counts.count(0)
            low, high = clopper_pearson(clear, len(counts), 0.95)
            found.append({"n": row.cell["n"], "clear": clear, "low": low, "high": high, **row.outputs})
        return {"target": options.target_name, "architecture": options.arch, "law": options.law,
                "scale_exponents": list(options.scale_exponents), "param_eps": options.param_eps,
                "prune_below": options.prune_below, "rows": found}  # fmt: skip

    def files(self, document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """``TARGET.json``."""
        return {f"{Path(document['target']).stem}.json": document}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """One row for each n."""
        return [table(document["rows"])]


def construction(network: Network, cell: Mapping[str, Any]) -> Construction:
    """What the cell asks of ``network``."""
    names = ("method", "n", "param_eps", "law", "scale_exponents", "bias_exponent")
    return Construction(network, tuple(cell["box"]), Recipe(**{name: cell[name] for name in names}))


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row for each n."""
    sheet = Table(title="Draws without a range obstruction", title_justify="left")
    for column in ("n", "draws", "without", "95% interval", "obstructions, by seed", "layers"):
        sheet.add_column(column, justify="left" if column in ("obstructions, by seed", "layers") else "right")
    for one in rows:
        sheet.add_row(
            str(one["n"]), str(len(one["counts"])), str(one["clear"]), f"{one['low']:.2f} to {one['high']:.2f}",
            " ".join(map(str, one["counts"])), ", ".join(one["layers"]),
        )  # fmt: skip
    return sheet


STUDY = Obstructions()

if __name__ == "__main__":
    sys.exit(STUDY.main())
