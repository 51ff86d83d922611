"""Dynamic sparse training: some kept coefficients go, as many others come, in every layer.

Source: Mocanu et al. 1707.04780 (SET), Evci et al. 1911.11134 (RigL), both remembered. Differences: ties go by index;
a share is rounded down, as in RigL's code; SET drops the smallest sizes, of either sign together.
"""

import copy
import math

import torch
from torch import Tensor

from sltk.core.rng import torch_stream
from sltk.train.loop.evaluation import replica_loss
from sltk.train.loop.samples import batch_rows
from sltk.train.loop.state import State
from sltk.train.pruning.choose import largest
from sltk.train.tickets.ticket import Ticket


def share_at(alpha: float, step: int, until: int) -> float:
    """``alpha / 2 (1 + cos(pi step / until))``: the share that goes at ``step``, falling to 0 at ``until``."""
    return 0.5 * alpha * (1.0 + math.cos(math.pi * min(step, until) / until))


def exchanged(mask: Tensor, sizes: Tensor, growth: Tensor, share: float) -> Tensor:
    """The next mask: of ``k`` kept, the ``floor(share k)`` of smallest size go, and as many of largest growth come.

    What has just gone may come back. Of equal sizes the higher index goes, of equal growth the lower comes.

    Args:
        mask: ``(replicas, n)`` bool, with one count in all rows; so are the others.
        sizes: what the kept are worth.
        growth: what those would be worth that are not kept.
        share: in ``[0, 1]``.

    Returns:
        A mask with as many in every row.
    """
    kept = int(mask[0].sum())
    moved = min(math.floor(share * kept), mask.shape[1] - kept + math.floor(share * kept))
    if moved == 0 or kept == 0:
        return mask.clone()
    stay = torch.zeros_like(mask)
    if moved < kept:
        stay = largest(torch.where(mask, sizes, -torch.inf), kept - moved)
    return stay | largest(torch.where(stay, -torch.inf, growth), moved)


def gradient_sizes(state: State, tickets: dict[str, Ticket], batch: int) -> dict[str, Tensor]:
    """``abs(dL/dc)`` of every coefficient, kept or not, on the next batch; nothing of the run is changed.

    The derivative is that by ``gate * c``, so a closed coefficient has one too. Batches are taken as they are, without
    augmentation.

    Returns:
        By name, of the shape of the coefficients.
    """
    samples = state.task.train
    rows = batch_rows(state.replicas.seeds, state.position, batch, len(samples.y)).to(samples.y.device)
    replicas = copy.deepcopy(state.replicas).train()  # norms take the batch's statistics, and the run's own stay
    open_, weights = open_weights(replicas.tickets)
    with torch.random.fork_rng(devices=[]):  # dropout draws
        torch.set_rng_state(torch_stream(state.seed, "regrow", state.position).get_state())
        loss = replica_loss(replicas.call(weights, samples.x[rows]), samples.y[rows])
    names = list(tickets)
    grads = torch.autograd.grad(loss, [open_[name] for name in names], allow_unused=True)
    return {
        name: torch.zeros_like(open_[name]) if grad is None else grad.abs()
        for name, grad in zip(names, grads, strict=True)
    }


def open_weights(tickets: dict[str, Ticket]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """``g = gate * c`` as new leaves, and ``W = B g`` of them, by name: a gradient by ``g`` knows no gate."""
    open_ = {name: ticket.gated().detach().requires_grad_() for name, ticket in tickets.items()}
    return open_, {name: tickets[name].basis.synthesise(g) for name, g in open_.items()}


def random_growth(state: State, tickets: dict[str, Ticket]) -> dict[str, Tensor]:
    """Uniform numbers from the streams ``(seed of the replica, "regrow", name, position)``."""
    found = {}
    for name, ticket in tickets.items():
        drawn = {
            seed: torch.rand(ticket.mask.shape[1:], generator=torch_stream(seed, "regrow", name, state.position))
            for seed in set(state.replicas.seeds)
        }
        found[name] = torch.stack([drawn[seed] for seed in state.replicas.seeds]).to(ticket.mask.device)
    return found
