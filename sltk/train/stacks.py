"""Seeds in stacks: as many replicas at a time as network, device and memory make worthwhile."""

import copy
import os
from collections.abc import Iterator, Sequence
from typing import TypedDict

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from sltk.train.chain.recognise import dense_layers
from sltk.train.device import require_device
from sltk.train.loop.budget import PASSES, places

STACK_ON_CPU, STACK_ON_GPU = 16, 64  # replicas, at most
BY_CHAIN, BY_GRAPH = 8e7, 2.4e8  # multiply-adds of a stack's step on a CPU, see ``worthwhile``
ROWS = 64  # of a batch, where nobody says how many
# Coefficients, gradient, momentum, anchor, weight, its gradient, gated coefficients, mask and gate, a checkpoint.
COPIES = 9
SHARE, PROBED = 0.6, 2  # of the memory that a stack may take; rows of the trial
UNFIT = (RuntimeError, ValueError, TypeError, IndexError)  # of a network that its data do not fit


class Needs(TypedDict):
    """What a replica takes: ``stacks(..., **needs(module, x, batch))``."""

    taking: int
    worth: int


def needs(module: nn.Module, x: Tensor, batch: int) -> Needs:
    """``replica_bytes`` and ``worthwhile`` of the same arguments."""
    return {"taking": replica_bytes(module, x, batch), "worth": worthwhile(module, x, batch)}


def worthwhile(module: nn.Module, x: Tensor, batch: int) -> int:
    """Replicas worth stacking on a CPU: as many as make a number of multiply-adds a step together, 1 to 16.

    That number is ``BY_CHAIN`` for a chain of dense layers (``sltk.train.chain``) and ``BY_GRAPH`` for all else. What a
    step costs beside its products is what 8 million multiply-adds cost by a chain, and 50 million or so by autograd,
    and a stack pays it once; but what a larger stack computes with leaves the nearer caches. ``make bench`` measures
    stacks of this size beside others. The number of parameters would not do: it knows neither rows nor positions.

    Args:
        module: the network of one replica.
        x: ``(rows, ...)``, of the data.
        batch: rows a step.
    """
    limit = BY_CHAIN if dense_layers(module, x.ndim) else BY_GRAPH
    return _at_most(limit, replica_products(module, x, batch))


def replica_products(module: nn.Module, x: Tensor, batch: int) -> float:
    """Multiply-adds of a step of one replica whose gates are open, see ``sltk.train.loop.budget``.

    Args:
        module: the network; it stays as it is.
        x: ``(rows, ...)``, of the data.
        batch: rows a step.

    Returns:
        0 for a network that ``x`` does not fit.
    """
    own, row = copy.deepcopy(module).cpu(), torch.zeros(1, *x.shape[1:], dtype=x.dtype)
    with torch.random.fork_rng(devices=[]):
        try:
            at = places(own, row)
        except UNFIT:
            return 0.0
    numbers = {name: p.numel() for name, p in own.named_parameters()}
    return float(PASSES * batch * sum(count * numbers.get(name, 0) for name, count in at.items()))


def replica_bytes(module: nn.Module, x: Tensor, batch: int) -> int:
    """What a replica takes in training: copies of the parameters, and what a forward pass keeps for the backward one.

    An estimate: what a pass keeps is counted on two rows, on the host, and scaled; workspaces of products are not.

    Args:
        module: the network; it stays as it is.
        x: ``(rows, ...)``, of the data.
        batch: rows a step.

    Returns:
        Bytes; 0 for a network that ``x`` does not fit.
    """
    own, kept = copy.deepcopy(module).cpu().train(), {}
    parameters = {p.data_ptr(): p.numel() for p in own.parameters()}

    def keep(x: Tensor) -> Tensor:
        if x.data_ptr() not in parameters:
            kept[x.data_ptr()] = x.numel() * x.element_size()
        return x

    with torch.random.fork_rng(devices=[]), saved_tensors_hooks(keep, lambda x: x):
        try:
            held = own(torch.zeros(PROBED, *x.shape[1:], dtype=x.dtype))
        except UNFIT:
            return 0  # it does not fit the data: it is refused, by name, where it is run
    del held  # until here, so that no two of its tensors have one address
    return 4 * COPIES * sum(parameters.values()) + sum(kept.values()) * batch // PROBED


def memory_of(device: torch.device | str) -> int:
    """Bytes of memory of ``device``, whatever of it is in use: the same for every run of a machine.

    Raises:
        SltkError: a device that is not there.
    """
    place = require_device(device)
    if place.type == "cuda":
        return torch.cuda.get_device_properties(place).total_memory
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def stack_size(module: nn.Module, device: torch.device | str = "cpu", worth: int = 0) -> int:
    """Replicas worth stacking.

    Args:
        module: the network of one replica.
        device: where it runs; on a GPU stacking is the point.
        worth: see ``worthwhile``; 0 takes the network for dense layers at ``ROWS`` rows.
    """
    if torch.device(device).type != "cpu":
        return STACK_ON_GPU
    return worth or _at_most(BY_CHAIN, PASSES * ROWS * sum(p.numel() for p in module.parameters()))


def _at_most(limit: float, products: float) -> int:
    return max(1, min(STACK_ON_CPU, int(limit / max(products, 1.0))))


def stacks(
    seeds: Sequence[int],
    module: nn.Module,
    device: torch.device | str = "cpu",
    stack: int = 0,
    arms: int = 1,
    *,
    taking: int = 0,
    worth: int = 0,
    memory: int | None = None,
) -> Iterator[list[int]]:
    """``seeds`` in order, in groups that are run one after the other; a seed's result does not depend on them.

    Args:
        seeds: all of them.
        module: the network of one replica.
        device: where it runs.
        stack: replicas at a time; 0 chooses by network and device, see ``stack_size``, and no more than fit.
        arms: replicas of each seed.
        taking: bytes of one replica, see ``replica_bytes``; 0 does not look at memory.
        worth: see ``stack_size``.
        memory: bytes, in place of those of the device.
    """
    if not stack:
        stack = stack_size(module, device, worth)
        if taking:
            stack = min(stack, int(SHARE * (memory_of(device) if memory is None else memory)) // taking)
    at_once = max(1, stack // arms)
    for first in range(0, len(seeds), at_once):
        yield list(seeds[first : first + at_once])
