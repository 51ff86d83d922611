"""Seconds an epoch of 784-300-100-10 on 60,000 rows, batch 128: the engine beside a DataLoader and plain slicing.

The programs take turns, part of an epoch each, so that a slow spell of the machine meets them all; the table gives
medians, scaled to a whole epoch, and the ratio to the DataLoader of the same turn. The rows are random: time does not
depend on what they show. Seconds are those of one network: where several run at once, the time is shared out.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from sltk.models.registry import model
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task
from sltk.train.methods.dense import Dense
from sltk.train.phases.train import Train
from sltk.train.runner import start
from sltk.train.setup import Setup

ROWS, BATCH, STEPS, ROUNDS = 60_000, 128, 156, 5  # a third of an epoch a turn
PROCESSES = os.cpu_count() or 1
OUT = Path("out/bench/epochs.json")
LOADER, SLICING = "torch DataLoader", "plain torch, slices in memory"
OPEN_LTH = 2.51  # seconds an epoch, measured on another machine of two cores, after two repairs


@dataclass
class Program:
    """One way to train; ``run`` makes ``STEPS`` steps for ``networks`` networks."""

    name: str
    run: Callable[[], object]
    networks: int = 1
    seconds: list[float] = field(default_factory=list)

    def measure(self) -> None:
        begun = time.perf_counter()
        self.run()
        self.seconds.append((time.perf_counter() - begun) * (ROWS // BATCH) / STEPS / self.networks)


def rows() -> Samples:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, 1, 28, 28, generator=generator)
    return Samples(x, torch.randint(0, 10, (ROWS,), generator=generator))


def plain_steps(batches: Callable[[], Iterator[tuple[Tensor, Tensor]]]) -> Callable[[], None]:
    net = model("lenet-300-100")
    optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)

    def run() -> None:
        for _, (x, y) in zip(range(STEPS), batches(), strict=False):
            optimiser.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimiser.step()

    return run


def loaded(data: Samples) -> Callable[[], Iterator[tuple[Tensor, Tensor]]]:
    loader = DataLoader(TensorDataset(data.x, data.y), BATCH, shuffle=True, drop_last=True)
    return lambda: iter(loader)


def sliced(data: Samples) -> Callable[[], Iterator[tuple[Tensor, Tensor]]]:
    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for part in torch.randperm(ROWS).split(BATCH):
            yield data.x[part], data.y[part]

    return batches


def engine_steps(data: Samples, basis: str, networks: int = 1) -> Callable[[], None]:
    few = Samples(data.x[:100], data.y[:100])
    seeds = tuple(range(networks))
    network = lambda seed: model("lenet-300-100", seed)  # noqa: E731
    state = start(Dense(), network, Task(data, few, few), Setup(basis, seeds))
    phase = Train(STEPS, TrainingRecipe(rate=0.1, momentum=0.9, decay=1e-4, batch=BATCH), fresh=False)

    def run() -> None:
        state.inside = 0
        phase.run(state)

    return run


def _prepare() -> None:
    torch.set_num_threads(1)
    _own.append(engine_steps(rows(), "canonical"))
    _own[0]()


def _turn(_: int) -> None:
    _own[0]()


_own: list[Callable[[], None]] = []  # of a worker


def in_processes(count: int) -> Callable[[], object]:
    """``count`` networks side by side, one process and one thread each, as the studies run seeds and bases."""
    pool = multiprocessing.get_context("spawn").Pool(count, _prepare)
    return lambda: pool.map(_turn, range(count), chunksize=1)


def programs() -> list[Program]:
    data = rows()
    return [
        Program(LOADER, plain_steps(loaded(data))),
        Program(SLICING, plain_steps(sliced(data))),
        Program("sltk, canonical", engine_steps(data, "canonical")),
        Program("sltk, dct", engine_steps(data, "dct")),
        Program("sltk, canonical, 5 stacked", engine_steps(data, "canonical", 5), networks=5),
        Program(f"sltk, canonical, {PROCESSES} processes", in_processes(PROCESSES), networks=PROCESSES),
    ]


def ratio(program: Program, found: list[Program]) -> float:
    """Of seconds to those of the DataLoader, median over turns."""
    return median(a / b for a, b in zip(program.seconds, found[0].seconds, strict=True))


def show(found: list[Program]) -> None:
    table = Table(title=f"784-300-100-10, batch {BATCH}: seconds an epoch a network, median of {ROUNDS} turns")
    for name in ("program", "s / epoch", "/ DataLoader"):
        table.add_column(name, justify="left" if name == "program" else "right")
    for program in found:
        table.add_row(program.name, f"{median(program.seconds):.2f}", f"{ratio(program, found):.2f}")
    table.add_row("open_lth, published, other machine", f"{OPEN_LTH:.2f}", "", style="dim")
    Console(width=110).print(table)


def main() -> None:
    found = programs()
    for program in found:  # once unmeasured: memory is touched
        program.run()
    for _ in range(ROUNDS):
        for program in found:
            program.measure()
    show(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    measured = {p.name: {"seconds": p.seconds, "over_loader": ratio(p, found)} for p in found}
    machine = {"cores": os.cpu_count(), "threads": torch.get_num_threads(), "load": os.getloadavg()[0]}
    OUT.write_text(json.dumps({"rounds": ROUNDS, **machine, "measured": measured}, indent=1) + "\n")
    print(f"written to {OUT}")


if __name__ == "__main__":
    main()
