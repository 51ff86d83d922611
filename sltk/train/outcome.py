"""From a model and data to a state, and from a state to what a method gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.report import Steps
from sltk.core.rng import key, require_seed
from sltk.train.bases import basis_named
from sltk.train.loop.phases import run
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task, split_validation
from sltk.train.loop.state import State
from sltk.train.tickets.attach import detach
from sltk.train.tickets.replicas import Replicas

Model = nn.Module | Callable[[int], nn.Module]
REINITIALISED = "reinitialised"


@dataclass(frozen=True)
class Outcome:
    """What a method came to.

    Attributes:
        state: all of it.
        rows: measurements: label, seed, arm, density, accuracy on validation and test, loss.
    """

    state: State

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Measurements, one a replica and label."""
        return self.state.rows

    def accuracy(self, label: str, arm: str = "ticket", part: str = "test") -> list[float]:
        """Accuracies of ``arm`` at ``label``, in order of the seeds."""
        return [row[part] for row in self.rows if row["label"] == label and row["arm"] == arm]

    def ticket(self, index: int = 0) -> nn.Module:
        """Replica ``index`` as an attached module."""
        return self.state.replicas.module(index)

    def module(self, index: int = 0) -> nn.Module:
        """Replica ``index`` as a plain module: effective weights, zeros included."""
        return detach(self.ticket(index))

    @property
    def masks(self) -> dict[str, Tensor]:
        """Masks by the weight's name, ``(replicas, ...)``."""
        return {name: ticket.mask.clone() for name, ticket in self.state.replicas.tickets.items()}


def task_of(data: Any) -> Task:
    """A task from a data set: its test part as it is, a fifth of its training part held back for validation.

    Args:
        data: a ``Task``, or anything with ``train_x``, ``train_y``, ``test_x``, ``test_y`` and ``name``.
    """
    if isinstance(data, Task):
        return data
    train, held = split_validation(data.train_x, data.train_y, name=data.name)
    return Task(train, held, Samples(data.test_x, data.test_y), data.name)


def start(
    model: Model,
    data: Any,
    *,
    seeds: Sequence[int] = (0,),
    basis: str = "canonical",
    arms: Sequence[str] = ("ticket",),
    device: str | torch.device = "cpu",
) -> State:
    """The state before the first phase: arms x seeds, each replica with a network of its own.

    Arms of one seed share their batches. The arm ``reinitialised`` gets another initial network, every other arm the
    network of its seed.

    Raises:
        SltkError: one module for several replicas, or no seed.
    """
    if not seeds or not arms:
        raise SltkError("a run needs at least one seed and one arm; pass seeds=(0,).")
    pairs = [(arm, require_seed(seed)) for arm in arms for seed in seeds]
    task = task_of(data)
    modules = [_module(model, arm, seed, len(pairs)) for arm, seed in pairs]
    image = tuple(task.train.x.shape[1:])
    replicas = Replicas(modules, [seed for _, seed in pairs], basis_named(basis, image), [arm for arm, _ in pairs])
    return State(replicas.to(device), task.to(device), seed=pairs[0][1])


def finish(state: State, phases: Sequence[Any], report: Steps | None = None) -> Outcome:
    """Run ``phases`` on ``state``."""
    return Outcome(run(state, phases, report=report))


def timed(recipe: TrainingRecipe | None, epochs: float, rows: int) -> tuple[TrainingRecipe, int]:
    """The recipe, the default one where none is given, with its cosine over ``epochs``; and the steps in them."""
    own = recipe or TrainingRecipe(rate=0.2, momentum=0.9, decay=1e-4)
    steps = max(1, round(epochs * (rows // own.batch)))
    return (own if own.milestones else replace(own, total=steps)), steps


def mean_by_label(rows: Sequence[Mapping[str, Any]], arm: str = "ticket", part: str = "test") -> dict[str, float]:
    """Mean over seeds of what ``Measure`` stored, by label in order."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["arm"] == arm and part in row:
            found.setdefault(row["label"], []).append(row[part])
    return {label: sum(values) / len(values) for label, values in found.items()}


def _module(model: Model, arm: str, seed: int, count: int) -> nn.Module:
    if isinstance(model, nn.Module):
        if count > 1:
            raise SltkError(f"one module cannot start {count} replicas differently; pass a function of the seed.")
        return model
    return model(key(seed, REINITIALISED) if arm == REINITIALISED else seed)
