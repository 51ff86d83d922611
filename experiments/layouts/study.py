"""What each way to run a ticket costs: seconds a row and memory, each in a process of its own.

Run ``SLTK_DATA=F sltk run layouts``, where F holds MNIST and ``targets/conv_mnist.pt``: a plus-one ticket of it is
built where it is not there yet; or name one by ``--ticket FILE --target T.pt --arch "..." --data NAME``. It prints a
table and writes ``out/layouts/FILE.json``; times and memory are those of the machine. ``dense`` multiplies every
source weight with its mask; ``sparse`` holds the kept weights of live neurons; ``auto`` is the default of
``StrongTicket.module``, which fills the layers that keep much. Outputs of all three are compared on the same rows,
relative to the largest. A ticket whose copies come apart (``docs/depth.md``) makes any difference of rounding larger
from layer to layer, so dense and sparse are compared once more layer by layer, each on the dense module's own input,
relative to the sum of the sizes of the terms: what is left is the order of sums.
"""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import numpy as np
import torch
from rich.console import RenderableType
from rich.table import Table
from torch import Tensor, nn

from experiments._target import CONV_MNIST, digest
from sltk.certify.intervals import Box
from sltk.construct import Construction, load, save
from sltk.construct.choose.choose import choose
from sltk.construct.runtime.execute import channels_read
from sltk.construct.runtime.wired import held_neurons, pixels
from sltk.construct.ticket import Layout
from sltk.data.datasets import load as load_data
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.models.text import load_target
from sltk.networks.network import Network
from sltk.runtime.sparse import SparseLayer, SparseLinear
from sltk.train.tickets.layers import TicketLayer

METHOD, SEED = "plus-one", 1  # of the ticket that is built where none is named
LAYOUTS: tuple[Layout, ...] = ("dense", "sparse", "auto")
BY_LAYER = "layer by layer"


@dataclass(frozen=True, kw_only=True)
class LayoutOptions(StudyOptions):
    """What is asked."""

    ticket: Path | None = None
    """File of the ticket; by default one of seed 1 is built by plus-one, with the recipe that chooses itself."""
    target: Path | None = None
    """Its target: a .pt or .safetensors file with a state dict; by default conv_mnist.pt, in the folder targets of
    $SLTK_DATA."""
    arch: str = CONV_MNIST.arch
    """What the tensors of the target fill."""
    data: str = CONV_MNIST.data
    """Data set, of whose test part the rows are taken."""
    batch: int = 16
    """Rows."""
    repeats: int = 3
    """Timed passes."""
    layouts: tuple[Layout, ...] = LAYOUTS
    """Ways to run it."""
    out: Path = Path("out/layouts")
    """Folder for rows and JSON."""

    @property
    def place(self) -> Path:
        """Where the ticket lies, or will."""
        return self.ticket or self.out / f"{METHOD}-{SEED}.ticket"

    def network(self, shape: tuple[int, ...]) -> Network:
        """The target."""
        return load_target(CONV_MNIST.file_of(self.target), self.arch, shape)


class Layouts(Study[LayoutOptions]):
    """One layout a cell, and one for the comparison layer by layer."""

    name = "layouts"
    revision = 4
    measures = "Seconds a row and memory of each way to run a ticket."
    options = LayoutOptions
    needs = "MNIST and the published conv_mnist.pt, or another ticket and its target"
    minutes = 0.7
    quick: ClassVar = {"batch": 2, "repeats": 1}
    clocks = frozenset({"built_s", "ms_a_row", "peak", "seconds"})

    def cells(self, options: LayoutOptions) -> dict[str, dict[str, Any]]:
        """All layouts."""
        ticket = {"method": METHOD, "seed": SEED} if options.ticket is None else digest(options.ticket)
        common = {
            "ticket": ticket,
            "target": CONV_MNIST.hash_of(options.target),
            "arch": options.arch,
            "data": options.data,
        }
        timed = {**common, "batch": options.batch, "repeats": options.repeats}
        return {**{layout: {"layout": layout, **timed} for layout in options.layouts},
                BY_LAYER: {"layout": BY_LAYER, **common}}  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: LayoutOptions) -> dict[str, Any]:
        """What one layout costs, measured in a child; or how far dense and sparse are apart."""
        if not options.place.is_file():
            alone(made, options)  # in a child: the peak of one that is measured starts at what this process has
        if cell["layout"] == BY_LAYER:
            return alone(layers_apart, options)
        return alone(measure, cell["layout"], options)

    def conclude(self, rows: Sequence[StudyRow], options: LayoutOptions) -> dict[str, Any]:
        """Every layout beside the first one asked for."""
        found = {row.cell["layout"]: dict(row.outputs) for row in rows}
        apart = found.pop(BY_LAYER)
        outputs = {layout: np.asarray(row.pop("outputs")) for layout, row in found.items()}
        first = outputs[options.layouts[0]]
        for layout, out in outputs.items():
            found[layout]["off"] = float(np.abs(out - first).max() / np.abs(first).max())
        return {"ticket": options.place.name, "batch": options.batch, **apart, "layouts": found}

    def files(self, document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Named by the ticket."""
        return {f"{Path(document['ticket']).stem}.json": document}

    def tables(self, document: Mapping[str, Any]) -> list[RenderableType]:
        """Costs, and how far dense and sparse are apart."""
        apart = max(document["layers_apart"])
        said = f"Layer by layer, dense and sparse differ by at most {apart:.1e} of the sum of the sizes of the terms."
        return [table(document["ticket"], document["layouts"]), said]


def alone(function: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """What ``function`` returns or raises, in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *given).result()


def made(options: LayoutOptions) -> dict[str, Any]:
    """Build the ticket where none is named."""
    data = load_data(options.data)
    target, box = options.network(data.input_shape), Box(data.low, data.high)
    ticket = Construction(target, box, choose(target, box, {"method": METHOD})).build(SEED)
    options.out.mkdir(parents=True, exist_ok=True)
    save(ticket, options.place)
    return {}


def layers_apart(options: LayoutOptions) -> dict[str, Any]:
    """Largest difference of sparse and dense by layer on the same two rows, over the sum of the sizes of the terms."""
    torch.set_grad_enabled(False)
    data = load_data(options.data)
    ticket = load(options.place, options.network(data.input_shape))
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
    return {"layers_apart": found}


def measure(layout: Layout, options: LayoutOptions) -> dict[str, Any]:
    """Build one layout, run it: seconds, memory and outputs."""
    torch.set_grad_enabled(False)
    data = load_data(options.data)
    ticket = load(options.place, options.network(data.input_shape))
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
    return {**row, "seconds": seconds, "threads": torch.get_num_threads(), "outputs": out.tolist()}


def table(name: str, found: dict[str, dict[str, Any]]) -> Table:
    """One row a layout."""
    sheet = Table("layout", title=f"Ways to run {name}")
    for column in ("ms / row", "against dense", "tensors, MiB", "peak of the process, MiB", "outputs off by"):
        sheet.add_column(column, justify="right")
    dense = found.get("dense", {}).get("ms_a_row")
    for layout, row in found.items():
        ratio = "" if dense is None else f"{dense / row['ms_a_row']:.2f}x"
        sheet.add_row(layout, f"{row['ms_a_row']:.1f}", ratio, f"{row['held'] / 2**20:,.0f}",
                     f"{row['peak'] / 2**20:,.0f}", f"{row['off']:.1e}")  # fmt: skip
    return sheet


STUDY = Layouts()

if __name__ == "__main__":
    sys.exit(STUDY.main())
