"""Seeds in stacks: as many replicas at a time as network and device make worthwhile."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from sltk.train.tickets.replicas import stack_size


def stacks(
    seeds: Sequence[int], module: nn.Module, device: torch.device | str = "cpu", stack: int = 0, arms: int = 1
) -> Iterator[list[int]]:
    """``seeds`` in order, in groups that are run one after the other; a seed's result does not depend on them.

    Args:
        seeds: all of them.
        module: the network of one replica.
        device: where it runs.
        stack: replicas at a time; 0 chooses by network and device, see ``stack_size``.
        arms: replicas of each seed.
    """
    at_once = max(1, (stack or stack_size(module, device)) // arms)
    for first in range(0, len(seeds), at_once):
        yield list(seeds[first : first + at_once])
