"""Seeds in stacks: as many replicas at a time as network, device and memory make worthwhile."""

import copy
import os
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from sltk.train.device import require_device
from sltk.train.tickets.replicas import stack_size

COPIES = (
    9  # coefficients, gradient, momentum, anchor, weight, its gradient, gated coefficients, mask and gate, a checkpoint
)
SHARE, PROBED = 0.6, 2  # of the memory that a stack may take; rows of the trial


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
        except (RuntimeError, ValueError, TypeError, IndexError):
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


def stacks(
    seeds: Sequence[int],
    module: nn.Module,
    device: torch.device | str = "cpu",
    stack: int = 0,
    arms: int = 1,
    *,
    taking: int = 0,
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
        memory: bytes, in place of those of the device.
    """
    if not stack:
        stack = stack_size(module, device)
        if taking:
            stack = min(stack, int(SHARE * (memory_of(device) if memory is None else memory)) // taking)
    at_once = max(1, stack // arms)
    for first in range(0, len(seeds), at_once):
        yield list(seeds[first : first + at_once])
