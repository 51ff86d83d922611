"""``Train`` writes coefficients: steps of an optimiser, over all replicas at once."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.chain.dense_chain import DenseChain
from sltk.train.chain.recognise import chain_of
from sltk.train.loop.budget import step_products
from sltk.train.loop.evaluation import replica_loss
from sltk.train.loop.generators import own_generators, store_generators
from sltk.train.loop.penalties import GrowingL2, Penalty
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Batch, batch_rows
from sltk.train.loop.state import State
from sltk.train.tickets.ticket import Ticket

Augment = Callable[[Tensor, Sequence[int], int], Tensor]


@dataclass(frozen=True)
class Train:
    """``steps`` steps of ``recipe``, whose rate starts at its step ``start``.

    Args:
        steps: how many.
        recipe: optimiser, rate, batch.
        start: first step of the rate's schedule.
        penalty: a further term of the loss; its steps are counted from 0 in this phase.
        fresh: a new optimiser; else the one of the phase before goes on, with its momentum.
        refresh: called with the tickets before each step; a search by scores sets its gates here.
        augment: called with each batch ``(count, rows, ...)``, the replicas' seeds and the position: it draws from
            streams of the seeds, so that no replica depends on what is stacked beside it.
    """

    steps: int
    recipe: TrainingRecipe
    start: int = 0
    penalty: Penalty | None = None
    fresh: bool = True
    refresh: Callable[[dict[str, Ticket]], None] | None = None
    augment: Augment | None = None

    def __post_init__(self) -> None:
        if isinstance(self.penalty, GrowingL2) and self.recipe.optimiser == "sgd":
            self.penalty.require_stable(self.recipe.rate, self.recipe.momentum)

    def run(self, state: State) -> None:
        """Make the steps that are left, and leave ``position`` and ``optimiser`` behind them.

        Raises:
            SltkError: the loss of a replica is no longer finite at the end.
        """
        if state.optimiser is None or (self.fresh and state.inside == 0):
            state.optimiser = self.recipe.make(state.trained)
        _schedule(state, self)
        loss = torch.zeros(())
        with own_generators(state):
            state.replicas.train()
            for step in range(state.inside, self.steps):
                loss = _step(state, self, step)
                state.position += 1
                state.inside = step + 1
                if state.keep is not None:
                    store_generators(state)
                    state.keep(state)
            store_generators(state)
        _spend(state, self)
        if not math.isfinite(float(loss)):
            raise SltkError(f"training diverged within {self.steps} steps at rate {self.recipe.rate}; lower the rate.")


def _schedule(state: State, phase: Train) -> None:
    """What the steps of ``phase`` read: rates, strengths and rows, where the networks are; a chain, if there is one."""
    rates = [phase.recipe.rate_at(phase.start + step) for step in range(phase.steps)]
    strengths = [0.0 if phase.penalty is None else phase.penalty.strength(step) for step in range(phase.steps)]
    wide = torch.float64 if state.device.type == "cpu" else torch.float32  # what fused optimisers read
    dtype = next(iter(state.replicas.tickets.values())).coefficients.dtype
    state.rates = torch.tensor(rates, dtype=wide, device=state.device)
    state.strengths = torch.tensor(strengths, dtype=dtype, device=state.device)
    state.chain = _chain(state, phase)
    turned = None if phase.augment is not None else state.turned_data()
    data = state.task.train.x if turned is None else turned
    rows = min(phase.recipe.batch, len(data))  # more are refused where they are asked for
    state.batch = Batch(data, state.task.train.y, state.replicas.count, rows)


def _chain(state: State, phase: Train) -> DenseChain | None:
    if phase.recipe.precision != "full" or torch.is_autocast_enabled("cpu"):
        return None
    turned = phase.augment is None and state.turned_data() is not None
    return chain_of(state.replicas, state.task.train.x, phase.recipe.batch, turned=turned)


def _spend(state: State, phase: Train) -> None:
    """Count what the phase has cost, with the gates as they are at its end."""
    each = step_products(state.replicas, state.task.train.x, phase.recipe.batch)
    state.products = [done + phase.steps * own for done, own in zip(state.products, each, strict=True)]
    state.steps += phase.steps
    state.epochs += phase.steps / (len(state.task.train.y) // phase.recipe.batch)


def _step(state: State, phase: Train, step: int) -> Tensor:
    optimiser = state.optimiser
    assert optimiser is not None
    for group in optimiser.param_groups:
        # Only a fused optimiser reads a rate from the device; on a CPU a number is cheaper.
        device = state.rates.device.type != "cpu" and group.get("fused")
        group["lr"] = state.rates[step] if device else phase.recipe.rate_at(phase.start + step)
    chain = state.chain if phase.refresh is None else None  # it has read the gates, and would not see them move
    loss = _by_graph(state, phase, step) if chain is None else _by_chain(state, phase, step, chain)
    optimiser.step()
    return loss


def _by_chain(state: State, phase: Train, step: int, chain: DenseChain) -> Tensor:
    """The loss, and gradients of it and of a penalty."""
    loss = chain(*_batch(state, phase))
    if phase.penalty is not None:
        phase.penalty(state.replicas.tickets, state.strengths[step]).backward()
    return loss


def _by_graph(state: State, phase: Train, step: int) -> Tensor:
    """The same of any network, by autograd."""
    replicas, optimiser = state.replicas, state.optimiser
    assert optimiser is not None
    for parameter in (p for group in optimiser.param_groups for p in group["params"]):
        parameter.grad = None
    turned = phase.augment is None and state.turned_data() is not None
    x, y = _batch(state, phase)
    if phase.refresh is not None:
        phase.refresh(replicas.tickets)
    with _precision(phase.recipe, x.device.type):
        out = replicas(x, turned=turned)
    loss = replica_loss(out.to(x.dtype), y)
    term = loss if phase.penalty is None else loss + phase.penalty(replicas.tickets, state.strengths[step])
    term.backward()
    return loss.detach()


def _precision(recipe: TrainingRecipe, device: str) -> AbstractContextManager[Any]:
    """That of the products; where nobody asks for another than the full one, nothing is entered."""
    low = recipe.precision == "bfloat16"
    if low or torch.is_autocast_enabled(device):
        return torch.autocast(device, torch.bfloat16, enabled=low)
    return nullcontext()


def _batch(state: State, phase: Train) -> tuple[Tensor, Tensor]:
    """Rows of this step, augmented, or else turned into the basis of the first layer; and their labels."""
    labels, seeds, batch = state.task.train.y, state.replicas.seeds, state.batch
    assert batch is not None
    x, y = batch.take(batch_rows(seeds, state.position, phase.recipe.batch, labels.shape[0], labels.device))
    return (x if phase.augment is None else phase.augment(x, seeds, state.position)), y
