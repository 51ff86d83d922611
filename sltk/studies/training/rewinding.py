"""Late rewinding: what a ticket owes to the step that it is rewound to.

For each rewinding step ``k``: IMP rewound to ``k`` finds a mask. From the weights at step ``k``, the dense network and
the ticket are each trained to the end twice, in two orders of the data. The error barrier on the line between the two
ends says whether they lie in one basin (linear mode connectivity); the validation loss along the way says when to stop;
and masks of different ``k`` are held against each other.

Source: Frankle et al. 1912.05671 (instability analysis: ``k`` from which a network, and a ticket, is stable to the
order of its data); Frankle, Carbin 1803.03635 (early stopping). Both remembered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sltk.core.errors import SltkError
from sltk.core.rng import key
from sltk.core.threads import limit
from sltk.studies.training.asked import asked_data, asked_network
from sltk.studies.training.job import TrainingJob
from sltk.train.analyse.connectivity import error_path
from sltk.train.analyse.overlap import overlaps, total_iou
from sltk.train.loop.evaluation import evaluate
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Task
from sltk.train.loop.state import State
from sltk.train.methods.imp import Imp
from sltk.train.phases.base import run_phases
from sltk.train.phases.train import Train
from sltk.train.runner import Model, run, task_of
from sltk.train.setup import Setup
from sltk.train.stacks import needs, stacks
from sltk.train.tickets.replicas import Replicas

ARMS = ("dense, first order", "dense, second order", "ticket, first order", "ticket, second order")
Masks = dict[str, Tensor]


@dataclass(frozen=True)
class RewindJob(TrainingJob):
    """What is run.

    Args:
        points: rewinding steps, rising.
        density: kept fraction of the tickets.
        rounds: of pruning.
        epochs: of every training.
        rate: of SGD with momentum .9 and decay 1e-4.
        batch: rows a step.
        looks: measurements of the validation loss along a training.
        places: points on the line between two ends, both counted.
    """

    points: tuple[int, ...] = (0, 5, 20, 80)
    density: float = 0.05
    rounds: int = 8
    seeds: int = 8
    epochs: int = 12
    rate: float = 0.2
    batch: int = 64
    looks: int = 20
    places: int = 11

    def __post_init__(self) -> None:
        if not self.points or list(self.points) != sorted(set(self.points)) or self.points[0] < 0:
            raise SltkError(f"points are rewinding steps, rising from 0 on, but got {self.points}; pass 0 5 20 80.")
        if self.looks < 1 or self.places < 2:
            raise SltkError(f"needs looks >= 1 and places >= 2, but got {self.looks} and {self.places}.")

    def inputs(self, point: int) -> dict[str, Any]:
        """All that the row of ``point`` depends on."""
        return {"study": "rewinding", "revision": 1, "point": point, **self.asked("points")}

    def setup(self, seeds: Sequence[int], checkpoint: Path | None = None) -> Setup:
        """How a training is run."""
        recipe = TrainingRecipe(rate=self.rate, decay=1e-4, batch=self.batch, rates=self.rates)
        return Setup(seeds=seeds, epochs=self.epochs, recipe=recipe, device=self.device, checkpoint=checkpoint)


@limit(1)
def measure_point(job: RewindJob, point: int, checkpoint: Path | None = None) -> dict[str, Any]:
    """What one rewinding step gives.

    Returns:
        ``looks`` (steps at which it was measured), ``steps`` (of all trainings of the IMP), and for each arm of
        ``ARMS`` ``validation`` and ``loss`` ``[[value by look] by seed]`` on the validation part and ``test`` by seed
        at the end; ``barrier`` of the dense network and of the ticket by seed; ``masks`` by seed, packed.

    Raises:
        SltkError: the step is not within the training.
    """
    data = asked_data(job.data, job.folder)
    network, task = asked_network(job.model, job.hidden, data), task_of(data)
    whole = job.setup((0,)).timed(len(task.train.y))[1]
    if point >= whole:
        raise SltkError(f"the rewinding step {point} must lie within the training of {whole} steps.")
    found: dict[str, Any] = {"arms": {arm: {"validation": [], "loss": [], "test": []} for arm in ARMS}}
    found |= {"barrier": {"dense": [], "ticket": []}, "masks": [], "looks": _looks(point, whole, job.looks)}
    found["steps"] = whole + job.rounds * (whole - point)
    first = network(0)
    needed = needs(first, task.train.x, job.batch)
    for seeds in stacks(range(job.seeds), first, job.device, arms=len(ARMS), **needed):
        masks, weights = _ticket(job, point, network, task, seeds, checkpoint)
        state = _continued(job, point, weights, masks, task, seeds)
        _add(found, job, state, network, _watched(job, point, state, found["looks"]), seeds)
        found["masks"] += [_packed({name: mask[i] for name, mask in masks.items()}) for i in range(len(seeds))]
    return found


def iou_against_first(found: Mapping[int, Mapping[str, Any]]) -> dict[int, tuple[list[float], list[float]]]:
    """For each rewinding step, by seed: overlap of its masks with those of the first step, and what chance gives."""
    first = min(found)
    result = {}
    for point, parts in found.items():
        pairs = [
            overlaps(_unpacked(own), _unpacked(base))
            for own, base in zip(parts["masks"], found[first]["masks"], strict=True)
        ]
        chances = [sum(p.chance * p.either for p in pair.values()) / sum(p.either for p in pair.values())
                   for pair in pairs]  # fmt: skip
        result[point] = [total_iou(pair) for pair in pairs], chances
    return result


def stopping_steps(parts: Mapping[str, Any], arm: str) -> list[int]:
    """By seed, the first look at which the validation loss of ``arm`` is least."""
    return [parts["looks"][int(np.argmin(curve))] for curve in parts["arms"][arm]["loss"]]


def _ticket(
    job: RewindJob, point: int, network: Model, task: Task, seeds: list[int], checkpoint: Path | None
) -> tuple[Masks, list[nn.Module]]:
    """Masks of the IMP rewound to ``point``, and its weights at that step, seed by seed."""
    method = Imp(job.density, job.rounds, point)
    outcome = run(method, network, task, job.setup(seeds, checkpoint))
    values, _ = outcome.state.anchors["start"]
    state = outcome.state
    with torch.no_grad():
        for name, value in state.values().items():
            value.copy_(values[name])
        for ticket in state.replicas.tickets.values():
            ticket.gate.fill_(True)
    return outcome.masks, [outcome.module(i) for i in range(len(seeds))]


def _continued(
    job: RewindJob, point: int, weights: list[nn.Module], masks: Masks, task: Task, seeds: list[int]
) -> State:
    """All four arms at step ``point``: dense and ticket, each in the seed's own order and in another."""
    modules = [module for _ in ARMS for module in weights]
    orders = [key(seed, "second order") if "second" in arm else seed for arm in ARMS for seed in seeds]
    arms = [arm for arm in ARMS for _ in seeds]
    replicas = Replicas(modules, orders, None, arms).to(job.device)
    for name, ticket in replicas.tickets.items():
        for index, arm in enumerate(arms):
            if arm.startswith("ticket"):
                ticket.mask[index] = masks[name][index % len(seeds)]
        ticket.gate.copy_(ticket.mask)
    return State(replicas, task.to(job.device), seed=seeds[0], position=point)


def _looks(point: int, whole: int, looks: int) -> list[int]:
    return sorted({point + max(1, round((whole - point) * i / looks)) for i in range(1, looks + 1)} | {whole})


def _watched(job: RewindJob, point: int, state: State, looks: list[int]) -> tuple[list[Tensor], list[Tensor]]:
    """Train to the end; accuracy and loss on the validation part at each look, all replicas at once."""
    recipe, _ = job.setup((0,)).timed(len(state.task.train.y))
    seen: list[tuple[Tensor, Tensor]] = []
    for begun, done in zip([point, *looks], looks, strict=False):
        state.cursor = state.inside = 0
        run_phases(state, [Train(done - begun, recipe, start=begun, fresh=begun == point)])
        seen.append(evaluate(state.replicas, state.task.validation))
    return [accuracy for accuracy, _ in seen], [loss for _, loss in seen]


def _add(
    found: dict[str, Any], job: RewindJob, state: State, network: Any, seen: tuple[list[Tensor], list[Tensor]],
    seeds: list[int],
) -> None:  # fmt: skip
    test, _ = evaluate(state.replicas, state.task.test)
    accuracy, loss = (torch.stack(part).T.tolist() for part in seen)
    for index, arm in enumerate(state.replicas.arms):
        own = found["arms"][arm]
        own["validation"].append(accuracy[index])
        own["loss"].append(loss[index])
        own["test"].append(float(test[index]))
    for kind in ("dense", "ticket"):
        first = ARMS.index(f"{kind}, first order") * len(seeds)
        ends = [(first + i, first + len(seeds) + i) for i in range(len(seeds))]
        found["barrier"][kind] += [_barrier(job, state, network, *pair) for pair in ends]


def _barrier(job: RewindJob, state: State, network: Any, first: int, second: int) -> float:
    plain = network(0).to(job.device)
    norms = any(isinstance(part, _BatchNorm) for part in plain.modules())
    ends = (state.replicas.module(first), state.replicas.module(second))
    test, seen = state.task.test, state.task.train.x if norms else None
    return error_path(*ends, test.x, test.y, plain=plain, places=job.places, statistics=seen).barrier


def _packed(masks: Masks) -> dict[str, Any]:
    return {
        name: {"shape": list(mask.shape), "bits": np.packbits(mask.cpu().numpy().reshape(-1)).tobytes().hex()}
        for name, mask in masks.items()
    }


def _unpacked(packed: Mapping[str, Any]) -> Masks:
    found = {}
    for name, part in packed.items():
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(part["bits"]), dtype=np.uint8))
        shape = part["shape"]
        found[name] = torch.from_numpy(bits[: int(np.prod(shape))].astype(bool)).view(*shape)
    return found
