"""One source, two tickets: a target's, built by subset sums, and what a search of the same source finds."""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from sltk.construct import Construction, Recipe, Search, StrongTicket
from sltk.core.errors import SltkError
from sltk.data.datasets import load
from sltk.models.dense import dense_network
from sltk.train.analyse.overlap import overlaps, total_iou
from sltk.train.loop.given import task_of
from sltk.train.loop.samples import Samples, Task
from sltk.train.loop.state import State
from sltk.train.methods.after_training import AfterTraining
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.outcome import Outcome
from sltk.train.phases.base import Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.train import Train
from sltk.train.pruning.choose import largest
from sltk.train.pruning.search import SearchTicket
from sltk.train.runner import run
from sltk.train.setup import RECIPE, Setup
from sltk.train.tickets.ticket import Ticket

SIZES = (64, 16, 10)
ASKED = Recipe("two-layer", n=10, param_eps=0.05, law="uniform(4.0)", hidden_reach=30.0)
TAKEN = Search("cardinality", prune_below=0.05)
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Built:
    """A ticket that was built, and its source as an ordinary module.

    Attributes:
        masks: of the ticket's weights and biases, by name.
        network: the whole source; biases that the ticket drops are 0.
        outputs: what a row says of it.
    """

    masks: Mapping[str, Tensor]
    network: nn.Module
    outputs: Mapping[str, Any]

    @property
    def weights(self) -> dict[str, Tensor]:
        """Masks of the weights."""
        return {name: mask for name, mask in self.masks.items() if name.endswith("weight")}

    def counts(self, factor: float) -> dict[str, int]:
        """``factor`` times as many weights as the ticket keeps in each layer, and no more than there are."""
        return {name: min(mask.numel(), round(factor * int(mask.sum()))) for name, mask in self.weights.items()}

    def scaled(self, counts: Counts) -> nn.Module:
        """The source with each layer's weights times a constant, which make the variance ``2 / (inputs kept a unit)``.

        Biases follow, so that each mask computes what it did, times one constant: no answer changes. The search needs
        it, the constructed ticket does not.
        """
        own = copy.deepcopy(self.network)
        total = 1.0
        with torch.no_grad():
            for name, layer in own.named_modules():
                if isinstance(layer, nn.Linear):
                    share = counts[f"{name}.weight"] / layer.weight.numel()
                    factor = math.sqrt(2.0 / (layer.in_features * share)) / float(layer.weight.std())
                    total *= factor
                    layer.weight.mul_(factor)
                    layer.bias.mul_(total)
        return own


def digits() -> Task:
    """Images and labels, in three parts."""
    return task_of(load("digits"))


def build(task: Task, seed: int, density: float, epochs: float) -> Built:
    """Train the target of ``seed``, prune it, train on, and build its ticket in the source of ``seed``.

    Args:
        task: the data.
        seed: of target and source.
        density: kept fraction of the target's weights; the source is the same for each.
        epochs: of both trainings together.
    """
    outcome = run(
        AfterTraining(density), lambda s: dense_network(SIZES, s), task, Setup(seeds=(seed,), epochs=epochs / 2)
    )
    target, row = outcome.module(0), outcome.last[0]
    built = Construction(target, (0.0, 1.0), ASKED, input_shape=(1, 8, 8)).build(seed, TAKEN)
    masks, network = built.mask_dict(), built.source_module()
    with torch.no_grad():
        for name, layer in network.named_modules():
            if isinstance(layer, nn.Linear):
                layer.bias.mul_(masks[f"{name}.bias"])
    return Built(masks, network, _outputs(built, masks, row, task))


def _outputs(built: StrongTicket, masks: Mapping[str, Tensor], row: Mapping[str, Any], task: Task) -> dict[str, Any]:
    weights = {name: mask for name, mask in masks.items() if name.endswith("weight")}
    module = built.module().eval()
    return {
        "target": row["test"], "test": accuracy(module, task.test), "validation": accuracy(module, task.validation),
        "missed": len(built.failures), "problems": built.problems, "epochs": row["epochs"],
        "multiply_adds": row["multiply_adds"], "kept": {name: int(mask.sum()) for name, mask in weights.items()},
        "weights": sum(mask.numel() for mask in weights.values()),
    }  # fmt: skip


def accuracy(module: nn.Module, part: Samples) -> float:
    """Share of right answers."""
    with torch.no_grad():
        return float((module(part.x).argmax(1) == part.y).double().mean())


@dataclass(frozen=True)
class CountedSearch(EdgePopup):
    """Edge-popup with a number of weights for each layer.

    Args:
        counts: by the weight's name.
        begun: masks whose weights have the best scores before the first step; none starts at random.
        trained: whether scores are trained; else what is measured is the start.
    """

    name: ClassVar[str] = "edge-popup, counted"
    counts: Counts = field(default_factory=dict)
    begun: Mapping[str, Tensor] | None = None
    trained: bool = True

    def prepare(self, state: State) -> None:
        """Scores; those of ``begun`` are lifted above all others of their layer."""
        super().prepare(state)
        if self.begun is None:
            return
        for name, ticket in state.replicas.tickets.items():
            assert isinstance(ticket, SearchTicket)
            with torch.no_grad():
                scores = ticket.scores
                scores += scores.sign() * self.begun[name] * scores.abs().max()

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Measure the start, train scores, cut, measure."""
        recipe, steps = setup.timed(rows)
        refresh = counted(self.counts)
        training = [Train(steps, recipe, refresh=refresh), Cut()] if self.trained else []
        return [_Gates(refresh), Measure("start"), *training, Measure("final")]


@dataclass(frozen=True)
class _Gates:
    """Set the gates as a first step would."""

    refresh: Callable[[dict[str, Ticket]], None]

    def run(self, state: State) -> None:
        self.refresh(state.replicas.tickets)


def counted(counts: Counts) -> Callable[[dict[str, Ticket]], None]:
    """What keeps the best-scored ``counts`` weights of each layer.

    Raises:
        SltkError: layers of other names.
    """

    def refresh(tickets: dict[str, Ticket]) -> None:
        if set(tickets) != set(counts):
            raise SltkError(f"counts must name the layers {sorted(tickets)}, but name {sorted(counts)}.")
        for name, ticket in tickets.items():
            assert isinstance(ticket, SearchTicket)
            sizes = ticket.scores.detach().abs()
            mask = largest(sizes.flatten(1), counts[name], checked=False).view_as(sizes)
            ticket.mask.copy_(mask)
            ticket.gate.copy_(mask)

    return refresh


def searched(
    built: Built, network: nn.Module, method: CountedSearch, task: Task, seed: int, epochs: float, rate: float
) -> dict[str, Any]:
    """One search of the source: accuracies before and after, densities, budget, overlap with the built ticket."""
    setup = Setup(seeds=(seed,), epochs=epochs, recipe=replace(RECIPE, rate=rate))
    outcome = run(method, network, task, setup)
    row = outcome.last[0]
    parts = ("test", "validation", "live", "epochs", "multiply_adds")
    kept = {name: mask[0] for name, mask in outcome.masks.items()}
    found = overlaps(kept, built.weights)
    chance = sum(part.chance * part.either for part in found.values()) / sum(part.either for part in found.values())
    return {
        **{part: row[part] for part in parts}, "rate": rate, "start": _of(outcome, "start"),
        "kept": sum(int(mask.sum()) for mask in kept.values()), "iou": total_iou(found), "iou by chance": chance,
    }  # fmt: skip


def _of(outcome: Outcome, label: str) -> float:
    return next(row["test"] for row in outcome.rows if row["label"] == label)
