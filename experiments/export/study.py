"""``python -m experiments.export.study``: seconds a batch of exported tickets beside the dense network, in one run.

784-300-100-10 with random tickets: units as a thinner network, low rank as two layers, single weights in compressed
rows. The programs take turns; the table gives medians and the speed-up over the dense network of the same turn.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from sltk.core.threads import limit
from sltk.models.registry import model
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
TURNS, CALLS = 15, 10
Export = Callable[[nn.Module], nn.Module]
KINDS: dict[str, tuple[Callable, Export]] = {
    "units, thinner": (lambda _, weight: Unit(weight.ndim), thin),
    "low rank, two layers": (lambda _, weight: Factored(tuple(weight.shape)), split_low_rank),
    "weights, compressed rows": ("canonical", lambda module: sparse(module, 1.0)),  # type: ignore[dict-item]
}


def pruned(basis: Callable, density: float) -> nn.Module:
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


def speed_up(own: nn.Module, small: nn.Module, batch: int) -> tuple[float, float]:
    """Ratio of seconds, and the largest difference of outputs."""
    x = torch.randn(batch, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    full = detach(own)
    apart = float((full(x) - small(x)).abs().max())
    return median(seconds(full, x) / seconds(small, x) for _ in range(TURNS)), apart


@limit(1)
def main() -> None:
    table = Table(title="784-300-100-10: times as fast as the dense network, one thread")
    for name in ("export", "density", "numbers", *(f"batch {batch}" for batch in BATCHES), "largest difference"):
        table.add_column(name, justify="left" if name == "export" else "right")
    with torch.no_grad():
        for kind, (basis, export) in KINDS.items():
            for density in DENSITIES:
                own = pruned(basis, density)
                small = export(own)
                found = [speed_up(own, small, batch) for batch in BATCHES]
                numbers = sum(int((v != 0).sum()) for v in dense_tensors(small))
                ratios = [f"{ratio:.2f}" for ratio, _ in found]
                table.add_row(kind, f"{density}", f"{numbers:,}", *ratios, f"{max(a for _, a in found):.1e}")
    Console(width=110).print(table)


def dense_tensors(module: nn.Module) -> list[Tensor]:
    found = [v for v in (*module.parameters(), *module.buffers()) if v.is_floating_point()]
    return [v.values() if v.layout == torch.sparse_csr else v for v in found]


if __name__ == "__main__":
    main()
