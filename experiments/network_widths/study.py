"""Widths of a whole network: what is certified by layer, and what succeeds when tickets are really built.

Run ``SLTK_DATA=F sltk run network-widths``, where F holds ``targets/conv_mnist.pt``, or name another target by
``--target``, ``--arch``, ``--input-shape`` and ``--box``. For each method it prints the certified widths
(``sltk.construct.predict.widths``) and, for each ``--n``, over how many seeds the ticket's own certificate is within
eps, with an exact interval; it writes ``out/network_widths/METHOD.json``. Every ticket is kept as a row: a run that
was stopped goes on where it was.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from rich.table import Table

from experiments._target import ConvMnistOptions
from sltk.construct import strong_ticket
from sltk.construct.predict.widths import required_widths
from sltk.core.statistics.stats import clopper_pearson
from sltk.harness.study import Study, StudyRow

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class WidthOptions(ConvMnistOptions):
    """What is asked."""

    law: str = "uniform(3.0)"
    """Of the source's weights."""
    eps: float = 0.5
    """Largest error of an output over the box."""
    delta: float = 0.05
    """Failure probability that is allowed."""
    methods: tuple[str, ...] = ("two-layer",)
    """Constructions."""
    n: tuple[int, ...] = (20, 22, 24, 26)
    """Samples of a pool at which tickets are built."""
    seeds: int = 8
    """Tickets of each construction at each n."""
    out: Path = Path("out/network_widths")


class WidthsOfNetwork(Study[WidthOptions]):
    """One ticket a cell, and the certified widths of each construction."""

    name = "network_widths"
    measures = "Widths that are certified for a network, and the tickets that succeed below them."
    options = WidthOptions
    needs = "the published conv_mnist.pt, or another target"
    minutes = 2.3
    quick: ClassVar = {"n": (20,), "seeds": 2}
    paper: ClassVar = {"methods": ("two-layer", "plus-one"), "seeds": 73}
    clocks: ClassVar = frozenset({"seconds"})

    def cells(self, options: WidthOptions) -> dict[str, dict[str, Any]]:
        """For each construction its widths, and every ticket."""
        found: dict[str, dict[str, Any]] = {}
        common = {**options.about_target(), "law": options.law, "eps": options.eps}
        for method in options.methods:
            found[f"{method}, widths"] = {"method": method, **common, "delta": options.delta}
            found |= {f"{method}, n {n}, seed {seed}": {"method": method, **common, "n": n, "seed": seed}
                      for n in options.n for seed in range(options.seeds)}  # fmt: skip
        return found

    def measure(self, cell: Mapping[str, Any], options: WidthOptions) -> dict[str, Any]:
        """One ticket, or the certified widths."""
        asked = {"method": cell["method"], "domain": tuple(cell["box"]), "law": cell["law"]}
        if "delta" in cell:
            proved = required_widths(options.network(), eps=cell["eps"], delta=cell["delta"], **asked)
            return {"certified": [asdict(pool) for pool in proved.pools], "bound": proved.certificate.bound}
        started = time.perf_counter()
        ticket = strong_ticket(options.network(), n=cell["n"], seed=cell["seed"], eps=cell["eps"], **asked)
        return {"bound": ticket.certificate.bound, "unreached": len(ticket.failures), "problems": ticket.problems,
                "seconds": time.perf_counter() - started}  # fmt: skip

    def conclude(self, rows: Sequence[StudyRow], options: WidthOptions) -> dict[str, Any]:
        """One document a construction."""
        about = {"eps": options.eps, "delta": options.delta, "law": options.law, "target": options.target_name,
                 "architecture": options.arch, "confidence": CONFIDENCE}  # fmt: skip
        methods = {}
        for method in options.methods:
            own = [row for row in rows if row.cell["method"] == method]
            proved = next(row.outputs for row in own if "delta" in row.cell)
            counted = [_counted(n, [row.outputs for row in own if row.cell.get("n") == n], options) for n in options.n]
            methods[method] = {**about, "method": method, **proved, "measured": counted}
        return {"methods": methods}

    def files(self, document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """``METHOD.json``."""
        return {f"{method}.json": own for method, own in document["methods"].items()}

    def tables(self, document: Mapping[str, Any]) -> Iterator[Table]:
        """For each construction what is certified and what was built."""
        for own in document["methods"].values():
            yield _certified(own)
            yield _built(own)


def _counted(n: int, tickets: Sequence[Mapping[str, Any]], options: WidthOptions) -> dict[str, Any]:
    successes = sum(ticket["bound"] <= options.eps for ticket in tickets)
    interval = clopper_pearson(successes, options.seeds, CONFIDENCE)
    bounds = [ticket["bound"] for ticket in tickets]
    return {
        "n": n, "seeds": options.seeds, "successes": successes, "low": interval.low, "high": interval.high,
        "bound": float(np.median(bounds)), "worst": max(bounds),
        "unreached": float(np.mean([ticket["unreached"] for ticket in tickets])),
        "seconds": float(np.median([ticket["seconds"] for ticket in tickets])),
    }  # fmt: skip


def _certified(found: Mapping[str, Any]) -> Table:
    table = Table(title=f"{found['method']}: certified widths, eps {found['eps']:g}, delta {found['delta']:g}",
                  title_justify="left")  # fmt: skip
    for name in ("layer", "pools of", "tolerance", "problems", "floor", "certificate", "closed form"):
        table.add_column(name)
    for pool in found["certified"]:
        table.add_row(pool["stage"], pool["kind"], f"{pool['tolerance']:.2g}", f"{pool['problems']:,}",
                      *(str(pool[name]) for name in ("floor", "certificate", "closed_form")))  # fmt: skip
    return table


def _built(found: Mapping[str, Any]) -> Table:
    table = Table(title=f"{found['method']}: tickets that were built, certificate within {found['eps']:g}",
                  title_justify="left")  # fmt: skip
    for name in ("n", "success", "exact 95% interval", "certificate, median", "worst", "not to tolerance", "seconds"):
        table.add_column(name)
    for row in found["measured"]:
        table.add_row(str(row["n"]), f"{row['successes']}/{row['seeds']}", f"{row['low']:.3f} to {row['high']:.3f}",
                      f"{row['bound']:.3g}", f"{row['worst']:.3g}", f"{row['unreached']:.1f}", f"{row['seconds']:.1f}",
                      )  # fmt: skip
    return table


STUDY = WidthsOfNetwork()

if __name__ == "__main__":
    sys.exit(STUDY.main())
