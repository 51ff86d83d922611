"""Controls of a ticket: copies that differ from it in one respect, with exactly as many coefficients kept.

Each takes any module with tickets, leaves it as it is, and draws from streams that the seed and the tensor's name
fix. In the copy the gate equals the mask.
"""

import copy
import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.pruning.choose import largest
from sltk.train.pruning.scopes import Scope, counts
from sltk.train.tickets.named import named_tickets
from sltk.train.tickets.ticket import Ticket

InitialDraw = Callable[[str, tuple[int, ...], torch.Generator], Tensor]
Spread = Literal["layer", "uniform", "erk"]


def kaiming(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Normal with variance ``2 / fan_in``; zero for a tensor of one axis, which is a bias."""
    if len(shape) < 2:
        return torch.zeros(shape)
    return torch.randn(shape, generator=generator) * math.sqrt(2.0 / math.prod(shape[1:]))


def reinitialised(module: nn.Module, seed: int, draw: InitialDraw = kaiming) -> Any:
    """The same basis and mask under weights drawn anew: ``c = B^{-1} W'``.

    Args:
        module: with tickets.
        seed: of the streams ``(seed, "reinitialised", name)``.
        draw: ``(name, shape of the weight, generator) -> W'``; pass the law the network started from.
    """
    own = copy.deepcopy(module)
    for name, ticket in named_tickets(own).items():
        with torch.no_grad():
            weight = draw(name, tuple(ticket().shape), torch_stream(seed, "reinitialised", name))
            ticket.coefficients.copy_(ticket.basis.analyse(weight.to(ticket.coefficients)))
    return own


def shuffled(module: nn.Module, seed: int) -> Any:
    """Every mask permuted within its own tensor, uniformly; a basis with groups permutes whole groups."""
    own = copy.deepcopy(module)
    for name, ticket in named_tickets(own).items():
        flags = _groups(ticket, name)
        order = torch.randperm(flags.numel(), generator=torch_stream(seed, "shuffled", name))
        _write(ticket, flags.flatten()[order.to(flags.device)].view_as(flags))
    return own


def random_mask(module: nn.Module, seed: int, spread: Spread = "layer") -> Any:
    """A random mask with as many groups (coefficients, where the basis has no groups) as ``module`` keeps.

    Args:
        module: with tickets.
        seed: of the streams ``(seed, "random control", name)``.
        spread: ``layer`` keeps the count of every tensor; ``uniform`` and ``erk`` keep the count over all of them,
            the one anywhere with equal chance, the other in the proportions of ``erk_densities``.

    Raises:
        SltkError: an unknown spread, or nothing is kept.
    """
    own = copy.deepcopy(module)
    tickets = named_tickets(own)
    flags = {name: _groups(ticket, name) for name, ticket in tickets.items()}
    drawn = {n: torch.rand(f.shape, generator=torch_stream(seed, "random control", n)) for n, f in flags.items()}
    if spread == "layer":
        budgets = {name: int(flag.sum()) for name, flag in flags.items()}
    elif spread == "uniform":
        budgets = _uniform(flags, drawn)
    elif spread == "erk":
        total = sum(flag.numel() for flag in flags.values())
        budgets = counts(Scope("erk"), {n: tuple(f.shape) for n, f in flags.items()}, _kept(flags) / total)
    else:
        raise SltkError(f"spread must be layer, uniform or erk, but got {spread!r}.")
    for name, ticket in tickets.items():
        row = drawn[name].flatten()[None]
        chosen = largest(row, budgets[name]) if budgets[name] else torch.zeros_like(row, dtype=torch.bool)
        _write(ticket, chosen.view_as(flags[name]).to(flags[name].device))
    return own


def inverted(module: nn.Module) -> Any:
    """What the mask drops is kept, and what it keeps is dropped: ``n - k`` coefficients of every tensor."""
    own = copy.deepcopy(module)
    for name, ticket in named_tickets(own).items():
        _write(ticket, ~_groups(ticket, name))
    return own


def _groups(ticket: Ticket, name: str) -> Tensor:
    """One flag a group, axes of a group shrunk to 1."""
    mask, axes = ticket.mask, ticket.basis.groups
    if not axes:
        return mask
    flags = mask.amax(axes, keepdim=True)
    if not torch.equal(flags.expand_as(mask), mask):
        raise SltkError(f"the mask of {name!r} cuts through groups of its basis; prune whole groups first.")
    return flags


def _write(ticket: Ticket, flags: Tensor) -> None:
    ticket.mask.copy_(flags.expand_as(ticket.mask))
    ticket.gate.copy_(ticket.mask)


def _kept(flags: dict[str, Tensor]) -> int:
    kept = sum(int(flag.sum()) for flag in flags.values())
    if kept == 0:
        raise SltkError("the ticket keeps nothing, so a random one cannot keep as much; prune less.")
    return kept


def _uniform(flags: dict[str, Tensor], drawn: dict[str, Tensor]) -> dict[str, int]:
    chosen = largest(torch.cat([row.flatten() for row in drawn.values()])[None], _kept(flags))[0]
    parts = chosen.split([flag.numel() for flag in flags.values()])
    return {name: int(part.sum()) for name, part in zip(flags, parts, strict=True)}
