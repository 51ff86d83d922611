"""One runner for all training methods: a state for a method, and its phases on that state."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.rng import key, require_seed
from sltk.networks.reading.given import require_module
from sltk.train.bases import basis_named, is_blind
from sltk.train.common_start import common_phases, take_over
from sltk.train.device import require_device
from sltk.train.loop.samples import Samples, Task, split_validation
from sltk.train.loop.state import State
from sltk.train.methods.base import TrainingMethod
from sltk.train.outcome import Outcome
from sltk.train.phases.base import run_phases
from sltk.train.resume import resume
from sltk.train.setup import Setup
from sltk.train.tickets.replicas import Replicas

Model = nn.Module | Callable[[int], nn.Module]
REINITIALISED = "reinitialised"
DEFAULT = Setup()


class Split(Protocol):
    """Labelled data in two parts, such as ``sltk.data.datasets.Dataset``."""

    @property
    def train_x(self) -> Tensor:
        """``(rows, ...)``."""
        ...

    @property
    def train_y(self) -> Tensor:
        """``(rows,)`` int64."""
        ...

    @property
    def test_x(self) -> Tensor:
        """As ``train_x``."""
        ...

    @property
    def test_y(self) -> Tensor:
        """As ``train_y``."""
        ...

    @property
    def name(self) -> str:
        """It names the stream that splits off a validation part."""
        ...


def run(method: TrainingMethod, model: Model, data: Task | Split, setup: Setup = DEFAULT) -> Outcome:
    """Run ``method`` from its beginning to its end, or from where it was stopped, if the setup names a checkpoint.

    A first training that is the same run in every orthonormal basis is made in the canonical one; see
    ``sltk.train.common_start``.

    Args:
        method: what is particular: an object of ``sltk.train.methods``.
        model: ``seed -> module``, or one module for one seed.
        data: a data set, or a ``Task``.
        setup: what all methods share.

    Raises:
        SltkError: one module for several replicas, a device that is not there, or a training that diverged.
    """
    state = start(method, model, data, setup)
    phases = method.phases(setup, len(state.task.train.y))
    if setup.checkpoint is not None:
        resume(state, setup.checkpoint, method, phases)
    count = 0 if is_blind(setup.basis) else common_phases(state, phases)
    if count > 0 == state.cursor == state.inside and (setup.basis != "canonical" or setup.shared is not None):
        first = start(method, model, data, replace(setup, basis="canonical"))
        folder = setup.shared or setup.checkpoint
        if folder is not None:
            resume(first, folder, method, phases[:count])
        take_over(state, run_phases(first, phases[:count]))
    return finish(method, state, setup)


def start(method: TrainingMethod, model: Model, data: Task | Split, setup: Setup = DEFAULT) -> State:
    """The state before the first phase: arms x seeds, each replica with a network of its own.

    Arms of one seed share their batches. The arm ``reinitialised`` gets another initial network, every other arm the
    network of its seed.

    Raises:
        SltkError: one module for several replicas, or a device that is not there.
    """
    device = require_device(setup.device)
    pairs = [(arm, require_seed(seed)) for arm in method.arms for seed in setup.seeds]
    task = task_of(data)
    modules = [_module(model, arm, seed, len(pairs)) for arm, seed in pairs]
    basis = basis_named(setup.basis, tuple(task.train.x.shape[1:]))
    replicas = Replicas(modules, [seed for _, seed in pairs], basis, [arm for arm, _ in pairs])
    state = State(replicas.to(device), task.to(device), seed=pairs[0][1])
    method.prepare(state)
    return state


def finish(method: TrainingMethod, state: State, setup: Setup = DEFAULT) -> Outcome:
    """Run what is left of ``method`` on a ``state`` that ``start`` made, and that a checkpoint may have filled."""
    return Outcome(run_phases(state, method.phases(setup, len(state.task.train.y)), report=setup.report))


def task_of(data: Task | Split) -> Task:
    """A task from a data set: its test part as it is, a fifth of its training part held back for validation."""
    if isinstance(data, Task):
        return data
    train, held = split_validation(data.train_x, data.train_y, name=data.name)
    return Task(train, held, Samples(data.test_x, data.test_y), data.name)


def _module(model: Model, arm: str, seed: int, count: int) -> nn.Module:
    if isinstance(model, nn.Module):
        if count > 1:
            raise SltkError(f"one module cannot start {count} replicas differently; pass a function of the seed.")
        return model
    if not callable(model):
        require_module(model, "model")
    return model(key(seed, REINITIALISED) if arm == REINITIALISED else seed)
