"""One runner for all training methods: a state for a method, and its phases on that state."""

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from sltk.core.errors import SltkError
from sltk.core.rng import key, require_seed
from sltk.networks.reading.given import require_module
from sltk.train.bases import basis_named, is_blind
from sltk.train.common_start import common_phases, take_over
from sltk.train.device import require_device
from sltk.train.loop.given import Data, require_fit, task_of
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


def run(method: TrainingMethod, model: Model, data: Data, setup: Setup = DEFAULT) -> Outcome:
    """Run ``method`` from its beginning to its end, or from where it was stopped, if the setup names a checkpoint.

    A first training that is the same run in every orthonormal basis is made in the canonical one; see
    ``sltk.train.common_start``.

    Args:
        method: what is particular: an object of ``sltk.train.methods``.
        model: ``seed -> module``, or one module for one seed.
        data: a data set, a ``Task``, or what users have; see ``sltk.train.loop.given.task_of``.
        setup: what all methods share.

    Raises:
        SltkError: one module for several replicas, a device that is not there, or a training that diverged.
    """
    task = task_of(data)
    state = start(method, model, task, setup)
    phases = method.phases(setup, len(state.task.train.y))
    if setup.checkpoint is not None:
        resume(state, setup.checkpoint, method, phases)
    # What is stored on the way is stored in the basis that was asked for.
    count = 0 if is_blind(setup.basis) or setup.levels is not None else common_phases(state, phases)
    if count > 0 == state.cursor == state.inside and (setup.basis != "canonical" or setup.shared is not None):
        first = start(method, model, task, replace(setup, basis="canonical"))
        folder = setup.shared or setup.checkpoint
        if folder is not None:
            resume(first, folder, method, phases[:count])
        take_over(state, run_phases(first, phases[:count]))
    return finish(method, state, setup)


def start(method: TrainingMethod, model: Model, data: Data, setup: Setup = DEFAULT) -> State:
    """The state before the first phase: arms x seeds, each replica with a network of its own.

    Arms of one seed share their batches. The arm ``reinitialised`` gets another initial network, every other arm the
    network of its seed.

    Raises:
        SltkError: one module for several replicas, a device that is not there, or a network that does not fit the data.
    """
    device = require_device(setup.device)
    pairs = [(arm, require_seed(seed)) for arm in method.arms for seed in setup.seeds]
    task = task_of(data)
    modules = [_module(model, arm, seed, len(pairs)) for arm, seed in pairs]
    basis = basis_named(setup.basis, tuple(task.train.x.shape[1:]))
    replicas = Replicas(modules, [seed for _, seed in pairs], basis, [arm for arm, _ in pairs])
    require_fit(modules[0], task)
    state = State(replicas.to(device), task.to(device), seed=pairs[0][1], levels=setup.levels)
    method.prepare(state)
    return state


def finish(method: TrainingMethod, state: State, setup: Setup = DEFAULT) -> Outcome:
    """Run what is left of ``method`` on a ``state`` that ``start`` made, and that a checkpoint may have filled."""
    return Outcome(run_phases(state, method.phases(setup, len(state.task.train.y)), report=setup.report))


def _module(model: Model, arm: str, seed: int, count: int) -> nn.Module:
    if isinstance(model, nn.Module):
        if count > 1:
            raise SltkError(f"one module cannot start {count} replicas differently; pass a function of the seed.")
        return model
    if not callable(model):
        require_module(model, "model")
    made = model(key(seed, REINITIALISED) if arm == REINITIALISED else seed)
    require_module(made, f"model({seed})")
    return made
