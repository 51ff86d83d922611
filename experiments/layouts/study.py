"""What each way to run a ticket costs: seconds a row and memory, each in a process of its own.

Run ``python -m experiments.layouts.study FILE --target T.pt --arch "..." --data NAME``; it prints a table and writes
``out/layouts/FILE.json``. ``dense`` multiplies every source weight with its mask; ``sparse`` holds the kept weights of
live neurons; ``auto`` is the default of ``StrongTicket.module``, which fills the layers that keep much. Outputs of all
three are compared on the same rows, relative to the largest. A ticket whose copies come apart (``docs/depth.md``) makes
any difference of rounding larger from layer to layer, so dense and sparse are compared once more layer by layer, each
on the dense module's own input, relative to the sum of the sizes of the terms: what is left is the order of sums.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from sltk.construct import load
from sltk.construct.runtime.execute import channels_read
from sltk.construct.runtime.wired import held_neurons, pixels
from sltk.construct.ticket import Layout
from sltk.core.files import canonical_json, write_atomic
from sltk.data.datasets import load as load_data
from sltk.models.text import load_target
from sltk.runtime.sparse import SparseLayer, SparseLinear
from sltk.train.tickets.layers import TicketLayer

LAYOUTS: tuple[Layout, ...] = ("dense", "sparse", "auto")


def main(arguments: list[str]) -> None:
    """Measure each layout in a child, print, write."""
    options = _options(arguments)
    context = multiprocessing.get_context("spawn")
    found: dict[str, dict[str, Any]] = {}
    outputs: dict[str, Tensor] = {}
    for layout in options.layouts:
        receiving, sending = context.Pipe(duplex=False)
        child = context.Process(target=measure, args=(sending, layout, options))
        child.start()
        found[layout], outputs[layout] = receiving.recv()
        child.join()
    first = outputs[options.layouts[0]]
    for layout, out in outputs.items():
        found[layout]["off"] = float((out - first).abs().max() / first.abs().max())
    apart = layers_apart(options)
    Console().print(table(options.ticket.name, found))
    Console().print(
        f"Layer by layer, dense and sparse differ by at most {max(apart):.1e} of the sum of the sizes of the terms."
    )
    about = {"batch": options.batch, "layers_apart": apart, **found}
    write_atomic(Path("out/layouts") / f"{options.ticket.stem}.json", canonical_json(about))


def layers_apart(options: argparse.Namespace) -> list[float]:
    """Largest difference of sparse and dense by layer on the same two rows, over the sum of the sizes of the terms."""
    torch.set_grad_enabled(False)
    data = load_data(options.data)
    ticket = load(options.ticket, load_target(options.target, options.arch, data.input_shape))
    dense, sparse = ticket.module("dense").eval(), ticket.module("sparse").eval()
    seen: list[tuple[Tensor, Tensor]] = []

    def watch(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append((inputs[0], output))

    for part in dense.modules():
        if isinstance(part, TicketLayer):
            part.register_forward_hook(watch)
    dense(data.test_x[:2])
    held = held_neurons(ticket.source, ticket.masks)
    found = []
    for index, layer in enumerate(part for part in sparse.modules() if isinstance(part, SparseLayer)):
        x, y = seen[index]
        read, inner = channels_read(ticket.source, held, index), pixels(ticket.source, index)
        if isinstance(layer, SparseLinear):
            read = (read[:, None] * inner + np.arange(inner)).reshape(-1)
        x, y = x[:, torch.from_numpy(read)], y[:, torch.from_numpy(held[index])]
        off = (layer(x) - y).abs()
        layer.value.abs_()
        layer.bias.abs_()
        found.append(float((off / layer(x.abs()).clamp_min(torch.finfo(y.dtype).tiny)).max()))
    return found


def measure(sending: Any, layout: Layout, options: argparse.Namespace) -> None:
    """Build one layout, run it, send seconds, memory and outputs."""
    torch.set_grad_enabled(False)
    data = load_data(options.data)
    target = load_target(options.target, options.arch, data.input_shape)
    ticket = load(options.ticket, target)
    begun = time.perf_counter()
    module = ticket.module(layout).eval()
    built = time.perf_counter() - begun
    x = data.test_x[: options.batch]
    out, seconds = module(x), []  # once unmeasured: tables are made, memory is touched
    for _ in range(options.repeats):
        begun = time.perf_counter()
        module(x)
        seconds.append(time.perf_counter() - begun)
    held = sum(t.numel() * t.element_size() for t in (*module.buffers(), *module.parameters()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    row = {"built_s": built, "ms_a_row": 1e3 * median(seconds) / len(x), "held": held, "peak": peak}
    sending.send(({**row, "seconds": seconds, "threads": torch.get_num_threads()}, out.clone()))


def table(name: str, found: dict[str, dict[str, Any]]) -> Table:
    """One row a layout."""
    made = Table("layout", title=f"Ways to run {name}")
    for column in ("ms / row", "against dense", "tensors, MiB", "peak of the process, MiB", "outputs off by"):
        made.add_column(column, justify="right")
    dense = found.get("dense", {}).get("ms_a_row")
    for layout, row in found.items():
        ratio = "" if dense is None else f"{dense / row['ms_a_row']:.2f}x"
        made.add_row(layout, f"{row['ms_a_row']:.1f}", ratio, f"{row['held'] / 2**20:,.0f}",
                     f"{row['peak'] / 2**20:,.0f}", f"{row['off']:.1e}")  # fmt: skip
    return made


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ticket", type=Path)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--arch", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--layouts", nargs="+", default=list(LAYOUTS), choices=LAYOUTS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
