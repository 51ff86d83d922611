"""``python -m experiments.export.study``: seconds a batch of exported tickets beside the dense network, in one run.

784-300-100-10 with random tickets: units as a thinner network, low rank as two layers, single weights in compressed
rows. The programs take turns; the table gives the median speed-up over the dense network of the same turn. Rows are
kept in ``out/export/rows.jsonl``, with the times of the machine that measured them; ``--jobs`` above 1 disturbs these.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar, Literal

import torch
from rich.table import Table
from torch import Tensor, nn

from sltk.core.threads import limit
from sltk.harness.study import Study, StudyOptions
from sltk.models.registry import model
from sltk.train.basis.base import MakeBasis
from sltk.train.basis.factored import Factored
from sltk.train.basis.unit import Unit
from sltk.train.export.low_rank import split_low_rank
from sltk.train.export.sparse_layers import sparse
from sltk.train.export.thin import thin
from sltk.train.pruning.choose import keep_count, largest
from sltk.train.pruning.controls import random_mask
from sltk.train.tickets.attach import attach, detach, tickets

DENSITIES = (0.5, 0.2, 0.1, 0.05, 0.02)
BATCHES = (1, 256)
CALLS = 10
Export = Callable[[Any], nn.Module]
Basis = MakeBasis | Literal["canonical"]
KINDS: dict[str, tuple[Basis, Export]] = {
    "units, thinner": (lambda _, weight: Unit(weight.ndim), thin),
    "low rank, two layers": (lambda _, weight: Factored(tuple(weight.shape)), split_low_rank),
    "weights, compressed rows": ("canonical", lambda module: sparse(module, 1.0)),
}


@dataclass(frozen=True, kw_only=True)
class ExportOptions(StudyOptions):
    """What is asked."""

    turns: int = 15
    """Turns of the two programs, of ten calls each."""
    out: Path = Path("out/export")


class ExportedTickets(Study[ExportOptions]):
    """One export at one density a cell."""

    name = "export"
    measures = "Times as fast as the dense network exported tickets are, and how far their outputs are apart."
    minutes = 0.13
    options = ExportOptions
    quick: ClassVar = {"turns": 3}
    clocks: ClassVar = frozenset({"times as fast"})
    width = 110

    def cells(self, options: ExportOptions) -> dict[str, dict[str, Any]]:
        """Every export at every density."""
        common = {"batches": list(BATCHES), "turns": options.turns, "calls": CALLS}
        return {f"{kind}, density {density}": {"export": kind, "density": density, **common}
                for kind in KINDS for density in DENSITIES}  # fmt: skip

    @limit(1)
    @torch.no_grad()
    def measure(self, cell: Mapping[str, Any], options: ExportOptions) -> dict[str, Any]:
        """Ratios of seconds and largest differences by batch, and the numbers that are kept."""
        basis, export = KINDS[cell["export"]]
        own = pruned(basis, cell["density"])
        small = export(own)
        found = [speed_up(own, small, batch, cell["turns"]) for batch in cell["batches"]]
        numbers = sum(int((v != 0).sum()) for v in dense_tensors(small))
        ratios, apart = zip(*found, strict=True)
        return {"numbers": numbers, "times as fast": ratios, "largest difference": max(apart)}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """Ratios by export and density."""
        return [table(document["rows"])]


def pruned(basis: Basis, density: float) -> nn.Module:
    """Of every layer but the last, ``density`` of the groups; the first ones, then shuffled."""
    own = attach(model("lenet-300-100"), basis)
    for ticket in list(tickets(own).values())[:-1]:
        axes = ticket.basis.groups
        flags = ticket.mask.amax(axes, keepdim=True) if axes else ticket.mask
        kept = largest(torch.zeros(1, flags.numel()), keep_count(density, flags.numel())).view_as(flags)
        ticket.mask.copy_(kept.expand_as(ticket.mask))
    return random_mask(own, 0).eval()


def seconds(module: nn.Module, x: Tensor) -> float:
    begun = time.perf_counter()
    for _ in range(CALLS):
        module(x)
    return (time.perf_counter() - begun) / CALLS


def speed_up(own: nn.Module, small: nn.Module, batch: int, turns: int) -> tuple[float, float]:
    """Ratio of seconds, and the largest difference of outputs."""
    x = torch.randn(batch, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    full = detach(own)
    apart = float((full(x) - small(x)).abs().max())
    return median(seconds(full, x) / seconds(small, x) for _ in range(turns)), apart


def dense_tensors(module: nn.Module) -> list[Tensor]:
    found = [v for v in (*module.parameters(), *module.buffers()) if v.is_floating_point()]
    return [v.values() if v.layout == torch.sparse_csr else v for v in found]


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row an export and density."""
    made = Table(title="784-300-100-10: times as fast as the dense network, one thread")
    for name in ("export", "density", "numbers", *(f"batch {batch}" for batch in BATCHES), "largest difference"):
        made.add_column(name, justify="left" if name == "export" else "right")
    for row in rows:
        ratios = [f"{ratio:.2f}" for ratio in row["times as fast"]]
        apart = f"{row['largest difference']:.1e}"
        made.add_row(row["export"], f"{row['density']}", f"{row['numbers']:,}", *ratios, apart)
    return made


STUDY = ExportedTickets()

if __name__ == "__main__":
    sys.exit(STUDY.main())
