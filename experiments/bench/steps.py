"""Seconds a step of training, by basis, and stacked against one network after the other: ratios within one run.

The programs take turns, a few steps each, on one thread; a ratio is the median over turns of the quotient within a
turn, in CPU time, which a busy machine stretches less than the clock. Bases are held against the canonical one on the
same network, stacks against one of their networks alone (as many as ``sltk.train.stacks`` chooses, and others), the
engine against the plain loop. The rows are random: time does not depend on what they show. A turn is one phase, and
pays what a phase costs beside its steps.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import nn

from sltk.core.threads import limit
from sltk.models.dense import dense_network
from sltk.models.initial import initialise
from sltk.models.registry import model
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task
from sltk.train.methods.dense import Dense
from sltk.train.phases.train import Train
from sltk.train.runner import start
from sltk.train.setup import Setup
from sltk.train.stacks import worthwhile

TURNS, ROWS = 9, 2_000
OUT = Path("out/bench/steps.json")
RECIPE = TrainingRecipe(rate=0.01, momentum=0.9, decay=1e-4)


@dataclass
class Case:
    """One way to train; seconds are those of a step of one network."""

    group: str
    name: str
    run: Callable[[], None]
    steps: int
    networks: int = 1
    seconds: list[float] = field(default_factory=list)

    def measure(self) -> None:
        begun = time.process_time()
        self.run()
        self.seconds.append((time.process_time() - begun) / self.steps / self.networks)


def case(group: str, name: str, network: Callable[[int], nn.Module], basis: str, steps: int, **more: int) -> Case:
    """``more``: ``pixels`` and ``channels`` of the images, ``batch``, ``networks`` in the stack."""
    given = {"pixels": 28, "channels": 1, "batch": 128, "networks": 1} | more
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, given["channels"], given["pixels"], given["pixels"], generator=generator)
    data = Samples(x, torch.randint(0, 10, (ROWS,), generator=generator))
    few = Samples(data.x[:100], data.y[:100])
    setup = Setup(basis, tuple(range(given["networks"])))
    state = start(Dense(), network, Task(data, few, few), setup)
    phase = Train(steps, TrainingRecipe(RECIPE.optimiser, 0.01, 0.9, 1e-4, given["batch"]), fresh=False)

    def run() -> None:
        state.inside = 0
        phase.run(state)

    return Case(group, name, run, steps, given["networks"])


def plain_loop(group: str, steps: int) -> Case:
    """The loop that one would write: a shuffled epoch in slices of tensors in memory."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(ROWS, 1, 28, 28, generator=generator), torch.randint(0, 10, (ROWS,), generator=generator)
    net = lenet(0)
    optimiser = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)

    def run() -> None:
        for _ in range(steps // (ROWS // 128)):
            for part in torch.randperm(ROWS).split(128)[: ROWS // 128]:
                optimiser.zero_grad()
                F.cross_entropy(net(x[part]), y[part]).backward()
                optimiser.step()

    return Case(group, "plain torch, slices in memory", run, steps)


def lenet(seed: int) -> nn.Module:
    return model("lenet-300-100", seed)


def conv_2(seed: int) -> nn.Module:
    return model("conv-2", seed, input_shape=(3, 32, 32))


def digits(seed: int) -> nn.Module:
    return dense_network((64, 100, 60, 10), seed)


def conv_digits(seed: int) -> nn.Module:
    """Few parameters, each at 64 positions."""
    layers = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)]
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(256, 10))
    initialise(net, seed)
    return net


def hidden_100(seed: int) -> nn.Module:
    return dense_network((784, 100, 10), seed)


def stacks(group: str, network: Callable[[int], nn.Module], steps: int, *others: int, **more: int) -> list[Case]:
    """One network, as many as are chosen for it, and ``others``; ``steps`` are those of one network."""
    x = torch.zeros(1, 1, more["pixels"], more["pixels"])
    chosen = worthwhile(network(0), x, more["batch"])
    found = [case(group, "one network", network, "canonical", steps, **more)]
    for count in sorted({chosen, *others} - {1}):
        name = f"{count} stacked{', as chosen' if count == chosen else ''}"
        found.append(case(group, name, network, "canonical", max(4, steps // count), networks=count, **more))
    return found


def cases() -> list[Case]:
    """The first of each group is what the others are held against."""
    dense = "784-300-100-10, batch 128"
    wide = partial(case, "conv-2, batch 16", network=conv_2, steps=1, pixels=32, channels=3, batch=16)
    return [
        *(case(dense, basis, lenet, basis, 60) for basis in ("canonical", "dct-input", "dct", "haar")),
        *(wide(name=basis, basis=basis) for basis in ("canonical", "dct-taps")),
        *stacks("64-100-60-10, batch 64", digits, 60, 16, pixels=8, batch=64),
        *stacks("784-100-10, batch 64", hidden_100, 60, 16, pixels=28, batch=64),
        *stacks("conv 16-16 on 8 x 8, batch 64", conv_digits, 60, 16, pixels=8, batch=64),
        plain_loop("784-300-100-10, in memory", 60),
        case("784-300-100-10, in memory", "canonical", lenet, "canonical", 60),
        *stacks("784-300-100-10, batch 128, stacked", lenet, 60, 5, pixels=28, batch=128),
    ]


def ratio(one: Case, found: list[Case]) -> float:
    """Of seconds to those of the first of the group, median over turns."""
    first = next(other for other in found if other.group == one.group)
    return median(a / b for a, b in zip(one.seconds, first.seconds, strict=True))


def show(found: list[Case]) -> None:
    table = Table(title=f"CPU time a step and network, one thread, median of {TURNS} turns")
    for name in ("network", "", "ms", "/ first"):
        table.add_column(name, justify="left" if name in ("network", "") else "right")
    for one in found:
        table.add_row(one.group, one.name, f"{1e3 * median(one.seconds):.2f}", f"{ratio(one, found):.2f}")
    Console(width=110).print(table)


@limit(1)
def main() -> None:
    found = cases()
    for one in found:  # once unmeasured: memory is touched
        one.run()
    for _ in range(TURNS):
        for one in found:
            one.measure()
    show(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    measured = [{"group": c.group, "name": c.name, "seconds": c.seconds, "ratio": ratio(c, found)} for c in found]
    OUT.write_text(json.dumps({"turns": TURNS, "load": os.getloadavg()[0], "measured": measured}, indent=1) + "\n")
    print(f"written to {OUT}")


if __name__ == "__main__":
    main()
