"""How the error of a ticket grows with depth: proved before, proved after, found by an attack, seen on data.

Run ``python -m experiments.error_growth.study``; it prints a table, and writes ``out/error_growth/study.json`` and
``growth.png``. Targets are chains and residual networks of six neurons a layer, weights uniform in [-1/2, 1/2], on
[-1, 1]^2. Every parameter is asked for to .002, at n = 24; sources differ in how their samples are spread:

- ``one scale``: U[-4, 4], subsets of least error, as the theorems have it;
- ``several scales``: the same largest scale, samples over four scales, subsets of least mass;
- ``two-layer``: one copy of each neuron, so that nothing is there to come apart.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from experiments.error_growth.figure import draw
from sltk.certify.adversary import data_error, sup_error
from sltk.certify.intervals import Box
from sltk.construct import strong_ticket
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.rng import torch_stream
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform

WIDTH, BOX, ROWS = 6, Box(-1.0, 1.0), 500
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
SOURCES: dict[str, dict[str, Any]] = {
    "one scale": {"method": "plus-one", "law": Uniform(4.0), "objective": "error"},
    "several scales": {
        "method": "plus-one",
        "law": Uniform(2.0),
        "objective": "mass",
        "scale_exponents": (1, 0, -1, -2),
    },
    "two-layer": {"method": "two-layer", "law": Uniform(4.0), "objective": "error"},
}


class Deep(nn.Module):
    """``layers`` linear maps with an activation each, and a readout; a skip around every two of them, or none."""

    def __init__(self, layers: int, phi: type[nn.Module], skips: bool) -> None:
        super().__init__()
        self.first, self.phi, self.skips = nn.Linear(2, WIDTH), phi(), skips
        self.maps = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(layers - 1))
        self.end = nn.Linear(WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 2)`` to ``(batch, 1)``."""
        x = self.phi(self.first(x))
        skip = x
        for place, layer in enumerate(self.maps):
            joins = self.skips and place % 2 == 1
            x = self.phi(layer(x) + skip) if joins else self.phi(layer(x))
            skip = x if joins else skip
        return self.end(x)


def target(layers: int, activation: str, skips: bool) -> Network:
    """A random target; deeper ones of a kind begin with the same layers."""
    module = Deep(layers, ACTIVATIONS[activation], skips)
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            tensor.copy_(torch.rand(tensor.shape, generator=torch_stream(0, "error-growth", name)) - 0.5)
    return read(module, (2,))


def measured(network: Network, source: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """One ticket: what is proved and what is found of its error."""
    ticket = strong_ticket(network, n=24, seed=seed, domain=BOX, param_eps=0.002, **source)
    module = ticket.module("dense").double().eval()
    x = torch.rand(ROWS, 2, dtype=torch.float64, generator=torch_stream(seed, "error-growth", "inputs")) * 2.0 - 1.0
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


def main(arguments: list[str]) -> None:
    """Measure the grid, print, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 3, 5, 7, 9, 13, 17])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("out/error_growth"))
    options = parser.parse_args(arguments)
    rows = [
        {"activation": activation, "skips": skips, "source": name, "layers": layers, "seed": seed,
         **measured(target(layers, activation, skips), source, seed)}
        for activation in ACTIVATIONS for skips in (False, True) for name, source in SOURCES.items()
        for layers in options.depths for seed in range(options.seeds)
    ]  # fmt: skip
    result = {"depths": options.depths, "seeds": options.seeds, "rows": rows}
    write_atomic(options.out / "study.json", canonical_json(result))
    Console(width=120).print(table(rows, options.depths))
    draw(result, options.out / "growth.png", f"python -m experiments.error_growth.study {' '.join(arguments)}".strip())


def table(rows: list[dict[str, Any]], depths: list[int]) -> Table:
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


if __name__ == "__main__":
    main(sys.argv[1:])
