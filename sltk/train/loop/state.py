"""The one state that phases work on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sltk.core.rng import key, torch_stream
from sltk.train.chain.dense_chain import DenseChain
from sltk.train.loop.samples import Batch, Task
from sltk.train.tickets.replicas import Replicas


@dataclass
class State:
    """All that a run is: what it trains, where it stands, what it has stored and measured.

    Attributes:
        replicas: the networks.
        task: the data, on the device of the replicas.
        seed: root of the streams that belong to the whole stack.
        position: steps along the trajectory: it fixes the batches. A rewind sets it back.
        cursor: phases that are done.
        inside: steps that are done of the phase that is under way.
        optimiser: of the phase under way, or of the last.
        anchors: stored copies by name.
        rows: measurements, one a replica and label.
        steps: made in all trainings so far, those before a rewind among them.
        epochs: likewise.
        products: multiply-adds so far, of each replica; see ``sltk.train.loop.budget``.
        generator: state of the host's generator behind dropout and its like.
        device_generator: the same of a GPU, from the same seed; empty on a CPU.
        rates: of the optimiser, ``(steps,)`` of the phase under way, on the device; made from the phase.
        strengths: of its penalty, likewise.
        chain: what computes loss and gradients of the phase under way without a graph, where it can; made from the
            rest.
        batch: the rows of a step, made from the rest.
        turned: what ``turned_data`` found; made from the rest.
        keep: called after every step and phase, where a run is kept.
        levels: folder in which measurements store levels, where one is named.
    """

    replicas: Replicas
    task: Task
    seed: int = 0
    position: int = 0
    cursor: int = 0
    inside: int = 0
    optimiser: torch.optim.Optimizer | None = None
    anchors: dict[str, tuple[dict[str, Tensor], int]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    steps: int = 0
    epochs: float = 0.0
    products: list[float] = field(default_factory=list)
    generator: Tensor = field(default_factory=lambda: torch.empty(0))
    device_generator: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.uint8))
    rates: Tensor = field(default_factory=lambda: torch.empty(0))
    strengths: Tensor = field(default_factory=lambda: torch.empty(0))
    keep: Callable[["State"], None] | None = None
    chain: DenseChain | None = None
    batch: Batch | None = None
    turned: tuple[Tensor | None] | None = None
    levels: str | Path | None = None

    def __post_init__(self) -> None:
        self.products = self.products or [0.0] * self.replicas.count
        if not self.generator.numel():
            self.generator = torch_stream(self.seed, "training").get_state()
        if self.device.type != "cpu" and not self.device_generator.numel():
            own = torch.Generator(self.device)
            own.manual_seed(key(self.seed, "training", self.device.type) >> 1)  # a generator takes 63 bits
            self.device_generator = own.get_state()

    @property
    def device(self) -> torch.device:
        """Where the run is."""
        return self.task.train.y.device

    def values(self) -> dict[str, Tensor]:
        """What an anchor stores and a rewind restores: coefficients, other parameters, statistics. Not copies."""
        found = {f"c:{name}": ticket.coefficients for name, ticket in self.replicas.tickets.items()}
        found |= {f"p:{name}": p for name, p in self.replicas.rest.items()}
        return found | {f"s:{name}": b for name, b in self.replicas.statistics.items()}

    def turned_data(self) -> Tensor | None:
        """Training rows in the basis of the first layer, made once, or ``None``; see ``Replicas.turn``."""
        if self.turned is None:
            self.turned = (self.replicas.turn(self.task.train.x),)
        return self.turned[0]

    @property
    def trained(self) -> list[Tensor]:
        """Parameters that an optimiser may move."""
        return [p for p in self.replicas.parameters() if p.requires_grad]
