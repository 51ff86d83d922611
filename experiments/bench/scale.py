"""Time and memory of a construction against the number of parameters: 10^5, 10^6, 10^7, by two-layer, part by part.

Targets are four convolutions of one width on 8 x 8 pixels and a readout, their weights normal with variance 1 / fan-in.
The recipe chooses itself. Each size has a process of its own, so that its largest memory is its own. Seconds are those
of the processor, over all threads: a busy machine changes them less than it changes the clock's. ``draw`` is that of
the source's weights, ``solve`` of the subset sums, ``write`` of the file; ``rest`` lays out pools, costs and masks.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from sltk import Construction, save
from sltk.construct.choose.choose import given_or_chosen
from sltk.construct.construction import target_and_box
from sltk.construct.pools import solve_batch, solve_stage
from sltk.construct.source import Source

SIZES = (10**5, 10**6, 10**7)
OUT = Path("out/bench/scale.json")
LINEAR = 0.2  # by how much the time of a parameter may differ between sizes
SHAPE = (3, 8, 8)


def target(parameters: int) -> nn.Module:
    """Of about so many parameters, the same for the same number."""
    width, layers = round(math.sqrt(parameters / 36)), list[nn.Module]()
    torch.manual_seed(2025)
    for inputs in (SHAPE[0], *[width] * 4):
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
    net = nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(width, 10))
    with torch.no_grad():
        for tensor in net.parameters():
            tensor.normal_(std=1.0 / math.sqrt(tensor[0].numel()) if tensor.dim() > 1 else 0.1)
    return net


class Clock:
    """Seconds of the processor by part; what runs inside another part is counted once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, its time added to ``part``."""

        def run(*args: Any, **named: Any) -> Any:
            started = time.process_time()
            try:
                return function(*args, **named)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + time.process_time() - started

        return run


def measured(parameters: int) -> dict[str, Any]:
    """One construction, in this process."""
    clock = Clock()
    network, box = target_and_box(target(parameters), (-1.0, 1.0), SHAPE)
    chosen = clock.timed("choose", given_or_chosen)(network, box, {"method": "two-layer"})
    # Parts are counted where the construction calls them.
    setattr(Source, "weights", clock.timed("draw", Source.weights))  # noqa: B010
    solve = clock.timed("solve", solve_stage.solve_sub_pool_first)
    for module in (solve_stage, solve_batch):  # of biases, of weights
        setattr(module, "solve_sub_pool_first", solve)  # noqa: B010
    ticket = clock.timed("build", Construction(network, box, chosen).build)(1)
    with tempfile.TemporaryDirectory() as folder:
        clock.timed("write", save)(ticket, Path(folder) / "scale.ticket")
        size = (Path(folder) / "scale.ticket").stat().st_size
    parts = clock.seconds
    parts["rest"] = parts.pop("build") - parts["draw"] - parts["solve"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"parameters": network.count(), "n": ticket.recipe.n, "problems": ticket.problems,
            "failures": len(ticket.failures), "kept": ticket.sizes.kept, "source": ticket.sizes.source,
            "seconds": sum(parts.values()), "parts": parts, "file": size, "peak": peak}  # fmt: skip


def in_a_process(parameters: int) -> dict[str, Any]:
    """``measured`` in a process of its own."""
    asked = [sys.executable, "-m", "experiments.bench.scale", "--one", str(parameters)]
    done = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(found: list[dict[str, Any]]) -> None:
    """A row a size; the last column holds the time of a parameter against that of the smallest size."""
    table = Table(title="Construction by two-layer against the number of parameters (seconds of the processor)")
    for name in ("parameters", "n", "s", "us/par.", "choose", "draw", "solve", "rest", "write", "peak GiB", "file",
                 "/ smallest"):  # fmt: skip
        table.add_column(name, justify="right")
    for row in found:
        parts = (f"{row['parts'][name]:.1f}" for name in ("choose", "draw", "solve", "rest", "write"))
        table.add_row(f"{row['parameters']:,}", str(row["n"]), f"{row['seconds']:.1f}", f"{each(row):.1f}", *parts,
                      f"{row['peak'] / 2**30:.2f}", f"{row['file'] / 2**20:.1f} MiB",
                      f"{each(row) / each(found[0]):.2f}")  # fmt: skip
    console = Console()
    (console if console.is_terminal else Console(width=120)).print(table)
    spread = max(map(each, found)) / min(map(each, found)) - 1.0
    print(f"time of a parameter differs by {spread:.0%} between the sizes: {'' if spread <= LINEAR else 'not '}linear")


def each(row: dict[str, Any]) -> float:
    """Microseconds of a parameter, without the choice of the recipe, which does not grow."""
    return (row["seconds"] - row["parts"]["choose"]) / row["parameters"] * 1e6


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """All sizes, as a table and in ``out/bench/scale.json``."""
    found = [in_a_process(size) for size in sizes]
    show(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"measured": found}, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", type=int, help="measure this size here, and print it as JSON")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest size")
    given = parser.parse_args()
    if given.one is None:
        main(tuple(size for size in SIZES if size <= given.most))
    else:
        print(json.dumps(measured(given.one)))
