"""One phase of training, step by step, over all replicas at once."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.loop.samples import batch_rows
from sltk.train.loop.state import State


def train(state: State, phase: Any) -> None:  # a Train: phases imports this module
    """Make the steps of ``phase`` that are left, and leave ``position`` and ``optimiser`` behind them.

    Raises:
        SltkError: the loss of a replica is no longer finite at the end.
    """
    if state.optimiser is None or (phase.fresh and state.inside == 0):
        state.optimiser = phase.recipe.make(state.trained)
    loss = torch.zeros(())
    with torch.random.fork_rng(enabled=True, devices=[]):
        torch.set_rng_state(state.generator)
        state.replicas.train()
        for step in range(state.inside, phase.steps):
            loss = _step(state, phase, step)
            state.position += 1
            state.inside = step + 1
            if state.keep is not None:
                state.generator = torch.get_rng_state()
                state.keep(state)
        state.generator = torch.get_rng_state()
    if not math.isfinite(float(loss)):
        raise SltkError(f"training diverged within {phase.steps} steps at rate {phase.recipe.rate}; lower the rate.")


def _step(state: State, phase: Any, step: int) -> Tensor:
    replicas, optimiser = state.replicas, state.optimiser
    assert optimiser is not None
    for group in optimiser.param_groups:
        group["lr"] = phase.recipe.rate_at(phase.start + step)
        for parameter in group["params"]:
            parameter.grad = None
    x, y = _batch(state, phase.recipe.batch)
    if phase.augment is not None:
        x = phase.augment(x, replicas.seeds, state.position)
    if phase.refresh is not None:
        phase.refresh(replicas.tickets)
    loss = replica_loss(replicas(x), y)
    term = loss if phase.penalty is None else loss + phase.penalty(replicas.tickets, step)
    term.backward()
    optimiser.step()
    return loss.detach()


def replica_loss(out: Tensor, y: Tensor) -> Tensor:
    """Sum over replicas of the mean cross entropy over rows: the gradient of each replica is its own.

    Args:
        out: ``(count, rows, classes)``.
        y: ``(count, rows)``.
    """
    return F.cross_entropy(out.flatten(0, 1), y.flatten(), reduction="sum") / y.shape[1]


def _batch(state: State, batch: int) -> tuple[Tensor, Tensor]:
    samples = state.task.train
    rows = batch_rows(state.replicas.seeds, state.position, batch, len(samples.y)).to(samples.y.device)
    flat = rows.flatten()
    return samples.x.index_select(0, flat).unflatten(0, rows.shape), samples.y[rows]
