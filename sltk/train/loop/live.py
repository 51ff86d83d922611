"""Live coefficients: those that lie on a path from an input to an output.

A weight ``W[i, j]`` is on a path where unit ``j`` hears some input and some output hears unit ``i`` through weights
that are not 0. Whoever only feeds a dead unit, or is only fed by one, is kept and does nothing. Biases open no path: a
unit that hears only its bias is a constant.

How it is found. Every weight that is not 0 becomes ``1 / (number of those of its unit)``, biases become 0, the
functions of the network become the identity, maxima become means: what is left is linear and has no negative number,
so nothing cancels, and the derivative of the sum of its outputs by a weight, on an input of ones, is above 0 exactly
where a path leads through the weight's place. In float64, which holds such products of a hundred layers and more.
A coefficient of another basis is live where it moves a weight at such a place.
"""

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from sltk.core.rng import torch_stream
from sltk.train.tickets.replicas import Replicas
from sltk.train.tickets.ticket import Ticket

CLEAR = 1e-9  # of the largest: a derivative below is the rounding of a 0

_NAMES = """
    relu relu_ relu6 leaky_relu leaky_relu_ prelu rrelu elu elu_ selu selu_ celu celu_ gelu silu mish tanh tanh_
    sigmoid sigmoid_ hardtanh hardtanh_ hardsigmoid hardswish softplus softsign tanhshrink softshrink hardshrink
    logsigmoid threshold clamp clamp_ clamp_min clamp_max dropout dropout1d dropout2d dropout3d alpha_dropout
    feature_alpha_dropout batch_norm instance_norm
"""
IDENTITY = frozenset(_NAMES.split())
SHARED = frozenset(("layer_norm", "group_norm", "softmax", "log_softmax"))  # each output hears all of its group
MEANS = {f"{kind}max_pool{n}d": f"{kind}avg_pool{n}d" for kind in ("", "adaptive_") for n in (1, 2, 3)}


def live(replicas: Replicas, x: Tensor) -> dict[str, Tensor]:
    """Bool masks of the live coefficients, by the weight's name, of the shape of the coefficients.

    Args:
        replicas: their masks as they are, whatever a soft method leaves open; not changed.
        x: ``(1, ...)``, any row: its shape is what counts.
    """
    flows = {name: _shares(_masked(ticket).detach()).requires_grad_() for name, ticket in replicas.tickets.items()}
    out = _linear(replicas, flows, torch.ones_like(x[:1]).double() if x.is_floating_point() else x[:1])
    grads = torch.autograd.grad(out, list(flows.values()), allow_unused=True)
    return {
        name: _alive(name, ticket, torch.zeros_like(flows[name]) if grad is None else grad)
        for (name, ticket), grad in zip(replicas.tickets.items(), grads, strict=True)
    }


class Linear(TorchFunctionMode):
    """Functions of numbers become the identity, norms and maxima means: no path opens or closes but by weights."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What is called in the place of ``func``."""
        name = getattr(func, "__name__", "")
        kwargs = kwargs or {}
        if name in IDENTITY:
            return args[0] if args else kwargs["input"]
        if name in SHARED:
            x = args[0] if args else kwargs["input"]
            return x + x.mean(tuple(range(1, x.ndim)), keepdim=True)
        if name in MEANS:
            return _mean_pool(MEANS[name], *args, **kwargs)
        return func(*args, **kwargs)


def _mean_pool(name: str, x: Tensor, size: Any, *more: Any, **options: Any) -> Any:
    known = ("stride", "padding", "dilation", "ceil_mode", "return_indices")
    given = {**dict(zip(known, more, strict=False)), **options}
    kept = {key: given[key] for key in ("stride", "padding", "ceil_mode") if given.get(key) is not None}
    return getattr(F, name)(x, size, **kept)


def _linear(replicas: Replicas, flows: dict[str, Tensor], x: Tensor) -> Tensor:
    """Sum of the outputs of the linear networks with weights ``flows``, one after the other: one row is cheap."""
    template, was = replicas.template, replicas.template.training
    rest = {name: _shares(p.detach()) for name, p in replicas.rest.items()}
    # Not v[r]: the gradient of an index is a tensor of zeros as large as the stack.
    each = {name: v.unbind(0) for part in (flows, rest, replicas.statistics) for name, v in part.items()}
    template.eval()
    try:
        with Linear():
            outs = [
                functional_call(template, {name: v[r] for name, v in each.items()}, (x,), tie_weights=False).sum()
                for r in range(replicas.count)
            ]
    finally:
        template.train(was)
    return torch.stack(outs).sum()


def _shares(weight: Tensor) -> Tensor:
    """``1 / (weights of its unit that are not 0)`` where a weight is not 0, by replica; a bias becomes 0."""
    left = (weight != 0).double()
    if weight.ndim < 3:
        return torch.zeros_like(left)
    return left / left.flatten(2).sum(-1).clamp_min(1.0).view(*left.shape[:2], *[1] * (left.ndim - 2))


def _masked(ticket: Ticket) -> Tensor:
    """``B (mask * c)``."""
    return ticket.basis.synthesise(torch.where(ticket.mask, ticket.coefficients, 0.0))


def _alive(name: str, ticket: Ticket, flow: Tensor) -> Tensor:
    """Coefficients of the mask that move a weight where the flow passes: their derivative in a random direction there.

    A sum over such places by positive random numbers is 0 only where every term is, but for coincidence.
    """
    drawn = torch.rand(flow.shape[1:], generator=torch_stream(0, "live", name), dtype=torch.float64) + 0.5
    c = torch.where(ticket.mask, ticket.coefficients.detach(), 0.0).double().requires_grad_()
    basis = copy.deepcopy(ticket.basis).double()
    (grad,) = torch.autograd.grad((basis.synthesise(c) * drawn.to(flow.device) * (flow > 0)).sum(), c)
    size = grad.abs()
    largest = size.flatten(1).amax(1).view(-1, *[1] * (size.ndim - 1))
    return ticket.mask & (size > CLEAR * largest)
