"""Seeds in stacks: as many replicas at a time as network, device and memory make worthwhile."""

import copy
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from sltk.train.tickets.replicas import stack_size

COPIES = (
    9  # coefficients, gradient, momentum, anchor, weight, its gradient, gated coefficients, mask and gate, a checkpoint
)
SHARE, PROBED = 0.6, 2  # of the memory that a stack may take; rows of the trial


@dataclass(frozen=True)
class Replica:
    """One of a stack.

    Args:
        module: the network.
        shape: of one row of its inputs.
        batch: rows a step.
    """

    module: nn.Module
    shape: tuple[int, ...]
    batch: int

    @property
    def bytes(self) -> int:
        """What it takes in training: copies of the parameters, and what a forward pass keeps for the backward one.

        An estimate: what passes keep is counted on two rows, on the host, and scaled; buffers of kernels are not.
        """
        own, kept = copy.deepcopy(self.module).cpu().float().train(), {}
        numbers = sum(p.numel() for p in own.parameters())
        tensors = {p.data_ptr() for p in own.parameters()}

        def keep(x: Tensor) -> Tensor:
            if x.data_ptr() not in tensors:
                kept[x.data_ptr()] = x.numel() * x.element_size()
            return x

        with torch.random.fork_rng(devices=[]), saved_tensors_hooks(keep, lambda x: x):
            held = own(torch.zeros(PROBED, *self.shape))
        del held
        return 4 * COPIES * numbers + sum(kept.values()) * self.batch // PROBED


def memory_of(device: torch.device | str) -> int:
    """Bytes of memory of ``device``, whatever of it is in use: the same for every run of a machine."""
    place = torch.device(device)
    if place.type == "cuda":
        return torch.cuda.get_device_properties(place).total_memory
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def stacks(
    seeds: Sequence[int],
    replica: Replica,
    device: torch.device | str = "cpu",
    stack: int = 0,
    arms: int = 1,
    memory: int | None = None,
) -> Iterator[list[int]]:
    """``seeds`` in order, in groups that are run one after the other; a seed's result does not depend on them.

    Args:
        seeds: all of them.
        replica: one of them.
        device: where it runs.
        stack: replicas at a time; 0 chooses by network, device and memory: see ``stack_size``, and as many as fit.
        arms: replicas of each seed.
        memory: bytes, in place of those of the device.
    """
    if not stack:
        most = int(SHARE * (memory_of(device) if memory is None else memory)) // max(1, replica.bytes)
        stack = min(stack_size(replica.module, device), most)
    at_once = max(1, stack // arms)
    for first in range(0, len(seeds), at_once):
        yield list(seeds[first : first + at_once])
