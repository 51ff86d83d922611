"""Inside a step nothing waits for the device: an audit of every operation, and torch's own watch where there is a GPU.

The audit runs on a CPU, where the program is the same but for what asks for the device's kind: a step is refused if it
reads a number back, branches on one, asks for places of non-zeros, or copies from one device to another.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sltk.data.augment import CropFlip
from sltk.train.loop.penalties import L1, GrowingL2
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.state import State
from sltk.train.phases import train as module
from sltk.train.phases.base import run_phases
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.scopes import GLOBAL, LAYERWISE, choose
from sltk.train.pruning.search import search_tickets, top_scores
from tests.train.engine_task import conv, dense, state_of

RECIPE = TrainingRecipe(rate=0.1, decay=1e-3, batch=40, total=12)
WAITS = {"_local_scalar_dense", "item", "is_nonzero", "nonzero", "equal", "allclose", "masked_select", "unique_dim",
         "_unique2", "repeat_interleave"}  # fmt: skip


class Waits(Exception):
    pass


class Audit(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in WAITS or (name == "index" and any(t is not None and t.dtype == torch.bool for t in args[1])):
            raise Waits(name)
        if name in ("_to_copy", "copy_"):
            other = (kwargs or {}).get("device") or args[0].device
            source = args[1] if name == "copy_" else args[0]
            if torch.device(other) != source.device:
                raise Waits(f"{name} from {source.device} to {other}")
        return func(*args, **(kwargs or {}))


def search(state: State, scope) -> State:
    search_tickets(state.replicas, density=0.5, scope=scope)
    return state


def steps_of(case: str) -> tuple[State, Train]:
    """A state and a phase, with its first step done: what is made once, on the first, is made."""
    make, penalty, augment, refresh = dense, None, None, None
    if case == "canonical":
        state = state_of(make)
    elif case in ("dct", "svd", "low-rank"):
        state = state_of(make, basis=case)
    elif case == "masked":
        state = run_phases(state_of(make), [Prune(0.4)])
    elif case == "convolutions, augmented":
        state, augment = state_of(conv, basis="dct-taps"), CropFlip(1)
    elif case in ("growing", "l1"):
        state = run_phases(state_of(make), [Prune(0.4, soft=True)])
        penalty = L1(0.01) if case == "l1" else GrowingL2(0.1, 1, 1.0)
    else:
        scope = LAYERWISE if case == "scores by layer" else GLOBAL
        state, refresh = search(state_of(make), scope), top_scores(0.5, scope)
    state.cursor = 0
    phase = Train(12, RECIPE, penalty=penalty, augment=augment, refresh=refresh)
    state.optimiser = RECIPE.make(state.trained)
    module._schedule(state, phase)
    take(state, phase, 0)
    return state, phase


def take(state: State, phase: Train, step: int) -> None:
    module._step(state, phase, step)
    state.position += 1


CASES = ["canonical", "dct", "svd", "low-rank", "masked", "convolutions, augmented", "growing", "l1",
         "scores by layer", "scores over all"]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_no_operation_of_a_step_waits(case: str) -> None:
    """The steps pass the end of an epoch, of six batches."""
    state, phase = steps_of(case)
    state.replicas.train()
    with Audit():
        for step in range(1, 9):
            take(state, phase, step)


def branch(tickets) -> None:
    if torch.isnan(next(iter(tickets.values())).coefficients).any():
        raise AssertionError


def check_scores(tickets) -> None:
    choose(GLOBAL, tickets, {name: t.coefficients.detach().abs() for name, t in tickets.items()}, 0.5)


@pytest.mark.parametrize("waits", [branch, check_scores, lambda t: t["1.weight"].mask.nonzero()])
def test_the_audit_catches_what_waits(waits) -> None:
    """Negative control."""
    state, phase = steps_of("canonical")
    with Audit(), pytest.raises(Waits):
        take(state, Train(12, RECIPE, refresh=waits), 1)
    take(state, phase, 1)


def test_the_audit_catches_a_copy_between_devices() -> None:
    with Audit(), pytest.raises(Waits, match="meta"):
        torch.zeros(3).to("meta")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("case", CASES)
def test_torch_sees_no_wait_in_a_step_on_a_gpu(case: str) -> None:
    state, phase = steps_of(case)
    on_gpu = State(state.replicas.to("cuda"), state.task.to("cuda"))
    on_gpu.optimiser = RECIPE.make(on_gpu.trained)
    module._schedule(on_gpu, phase)
    take(on_gpu, phase, 0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(1, 9):
            take(on_gpu, phase, step)
    finally:
        torch.cuda.set_sync_debug_mode("default")
