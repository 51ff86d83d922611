"""Which networks are computed as a chain."""

import torch
from torch import Tensor, nn

from sltk.train.basis.canonical import Canonical
from sltk.train.basis.separable import PLAIN, Separable
from sltk.train.chain.dense_chain import DenseChain
from sltk.train.chain.layer import Layer
from sltk.train.chain.turned_layer import TurnedLayer
from sltk.train.tickets.gating import INTEGERS, gate_bits
from sltk.train.tickets.replicas import Replicas
from sltk.train.tickets.ticket import Ticket

LEAST = 2**23  # multiply-adds of a step's forward pass, below which half a second for compiled code is not earned back


def chain_of(replicas: Replicas, x: Tensor, rows: int, *, turned: bool = False) -> DenseChain | None:
    """The chain that computes what ``replicas`` do, with their gates as they are; ``None`` where that is no such chain.

    Weights have canonical tickets, or, in one network, some in bases that act on each axis; all are trained, in one
    dtype and on a CPU.

    Args:
        replicas: their parameters get tensors for ``.grad``.
        x: data, for their shape and dtype.
        rows: of a batch.
        turned: whether the batches are rows of what ``Replicas.turn`` gave.
    """
    names = dense_layers(replicas.template, x.ndim)
    tickets, rest = replicas.tickets, replicas.rest
    own = [tickets[f"{name}.weight"] for name in names]
    if not own or not all(_known(ticket, replicas.count) for ticket in own):
        return None
    trained = [*(ticket.coefficients for ticket in own), *rest.values()]
    if x.dtype not in INTEGERS or not all(_trained_as(p, x.dtype) for p in trained):
        return None
    biases = [rest.get(f"{name}.bias") for name in names]
    compiled = rows * sum(ticket.coefficients.numel() for ticket in own) >= LEAST
    return DenseChain([_layer(own[i], biases[i], rows, i == 0, turned, compiled) for i in range(len(own))], rows)


def _known(ticket: Ticket, count: int) -> bool:
    """Whether a layer of a chain knows how the ticket is gated and what its basis does."""
    kind = type(ticket.basis)
    return type(ticket) is Ticket and (kind is Canonical or (kind is Separable and count == 1))


def _trained_as(parameter: Tensor, dtype: torch.dtype) -> bool:
    return parameter.requires_grad and parameter.dtype is dtype and parameter.device.type == "cpu"


def _layer(ticket: Ticket, bias: Tensor | None, rows: int, first: bool, turned: bool, compiled: bool) -> Layer:
    c, basis = ticket.coefficients, ticket.basis
    bits = gate_bits(ticket.gate, c.dtype)
    if isinstance(basis, Separable):
        order = basis.order(rows, c.shape, trained=not first, turned=first and turned)
        if order != PLAIN:
            return TurnedLayer(c, bits, bias, rows, basis, order, compiled=compiled)
    return Layer(c, bits, bias, rows, compiled=compiled)


def dense_layers(plain: nn.Module, axes: int) -> list[str]:
    """Names of the layers of ``plain`` if it is dense layers with a ReLU between any two, flattening first; or none.

    Args:
        plain: any module.
        axes: of its inputs, with that of the rows; a network that flattens nothing is taken for inputs of two.
    """
    if type(plain) is not nn.Sequential or any(_watched(part) for part in plain.modules()):
        return []
    parts = [(name, part) for name, part in plain.named_children() if type(part) is not nn.Identity]
    flattened = bool(parts) and type(part := parts[0][1]) is nn.Flatten and (part.start_dim, part.end_dim) == (1, -1)
    parts = parts[1:] if flattened else parts
    kinds = [type(part) for _, part in parts]
    if len(kinds) % 2 == 0 or kinds != ([nn.Linear, nn.ReLU] * len(kinds))[: len(kinds)]:
        return []
    return [name for name, part in parts[::2]] if flattened or axes == 2 else []


def _watched(part: nn.Module) -> bool:
    """Whether somebody is called when ``part`` is, or in its place."""
    hooks = (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks, part._backward_pre_hooks)
    return any(hooks) or "forward" in vars(part)
