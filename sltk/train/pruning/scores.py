"""What a coefficient is worth: each score maps the state to a tensor of the coefficients' shape, larger is better."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.loop.evaluation import replica_loss
from sltk.train.loop.samples import batch_rows
from sltk.train.loop.state import State
from sltk.train.pruning.regrow import open_weights
from sltk.train.tickets.ticket import Ticket

Tickets = dict[str, Ticket]
Score = Callable[[State, Tickets], dict[str, Tensor]]


def magnitude(state: State, tickets: Tickets) -> dict[str, Tensor]:
    """``abs(c_i) ||b_i||``: the size of what the coefficient puts into ``W``."""
    found = {}
    for name, ticket in tickets.items():
        c = ticket.coefficients.detach()
        found[name] = c.abs() if ticket.basis.orthonormal else c.abs() * ticket.basis.column_norms(c)
    return found


def random(state: State, tickets: Tickets) -> dict[str, Tensor]:
    """Uniform, from the stream ``(seed of the replica, "random mask", name)``: masks of all densities are nested.

    Groups get one draw each, so that a random mask keeps whole groups.
    """
    found = {}
    for name, t in tickets.items():
        shape = [1 if axis - t.mask.ndim in t.basis.groups else n for axis, n in enumerate(t.mask.shape)][1:]
        drawn = {
            s: torch.rand(shape, generator=torch_stream(s, "random mask", name)) for s in set(state.replicas.seeds)
        }
        found[name] = torch.stack([drawn[s] for s in state.replicas.seeds]).to(t.mask.device).expand(t.mask.shape)
    return found


def snip(state: State, tickets: Tickets, batch: int = 256) -> dict[str, Tensor]:
    """``abs(c_i dL/dc_i)`` on one batch: how much the loss would move, to first order, without the coefficient.

    Source: Lee et al. 1810.02340 (remembered); here for the coefficients of any basis.
    """
    samples = state.task.train
    rows = batch_rows(state.replicas.seeds, 0, min(batch, len(samples.y)), len(samples.y), samples.y.device)
    replicas = copy.deepcopy(state.replicas).train()  # norms take the batch's statistics, and the run's own stay
    loss = replica_loss(replicas(samples.x[rows]), samples.y[rows])
    return _sensitivity(loss, {name: replicas.tickets[name] for name in tickets})


def grasp(state: State, tickets: Tickets, batch: int = 256, temperature: float = 200.0) -> dict[str, Tensor]:
    """``c_i (H g)_i``, ``g`` gradient and ``H`` Hessian of the loss on one batch, by the coefficients that are open.

    Without coefficient ``i`` the square of the gradient's norm would fall by ``2 c_i (H g)_i``, to first order: those
    stay without which least gradient would flow. The loss is that of outputs over ``temperature``.

    Source: Wang et al. 2002.07376 and their code, which drops where ``-c H g`` is largest, at a temperature of 200, on
    ten rows of each class; here on one batch, for the coefficients of any basis.
    """
    samples = state.task.train
    rows = batch_rows(state.replicas.seeds, 0, min(batch, len(samples.y)), len(samples.y)).to(samples.y.device)
    replicas = copy.deepcopy(state.replicas).train()
    open_, weights = open_weights(replicas.tickets)
    loss = replica_loss(replicas.call(weights, samples.x[rows]) / temperature, samples.y[rows])
    parts = [open_[name] for name in tickets]
    grads = torch.autograd.grad(loss, parts, create_graph=True)
    gates = [tickets[name].gate for name in tickets]
    flow = torch.stack([(g * g.detach())[gate].sum() for g, gate in zip(grads, gates, strict=True)]).sum()
    products = torch.autograd.grad(flow, parts, allow_unused=True)
    return {
        name: torch.zeros_like(c) if product is None else c.detach() * product
        for name, c, product in zip(tickets, parts, products, strict=True)
    }


def synflow(state: State, tickets: Tickets) -> dict[str, Tensor]:
    """``abs(c_i dR/dc_i)``, ``R`` the sum of outputs on an input of ones with every parameter replaced by its size.

    No data are looked at. In float64, since the flow is a product of all layers: that of a ResNet-56 leaves float32.

    Raises:
        SltkError: a flow beyond float64.

    Source: Tanaka et al. 2006.05467 (remembered); here for the coefficients of any basis.
    """
    replicas = copy.deepcopy(state.replicas).double().eval()  # norms act as fixed scales
    with torch.no_grad():
        for p in replicas.rest.values():
            p.abs_()
    weights = {name: t().abs() for name, t in replicas.tickets.items()}
    ones = torch.ones_like(state.task.train.x[:1], dtype=torch.float64)
    flow = replicas.call(weights, ones, shared=True).sum()
    if not bool(torch.isfinite(flow)):
        raise SltkError(
            f"synflow needs a finite flow through the network, but its sum of outputs on ones is {float(flow)}; scale "
            "the weights down, or use another score."
        )
    return _sensitivity(flow, {name: replicas.tickets[name] for name in tickets})


def _sensitivity(value: Tensor, tickets: Tickets) -> dict[str, Tensor]:
    parts = [t.coefficients for t in tickets.values()]
    grads = torch.autograd.grad(value, parts, allow_unused=True)
    return {
        name: torch.zeros_like(c) if g is None else (c.detach() * g).abs()
        for name, c, g in zip(tickets, parts, grads, strict=True)
    }
