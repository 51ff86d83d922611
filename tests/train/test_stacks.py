"""How many replicas are stacked: never more than fit."""

import pytest
import torch
from torch import nn

from sltk.train.stacks import COPIES, Replica, memory_of, stacks
from tests.train.engine_task import conv, dense

SMALL = Replica(dense(0), (1, 4, 4), 40)


def sizes(replica: Replica, **given) -> list[int]:
    return [len(group) for group in stacks(range(10), replica, **given)]


def test_seeds_come_in_order_and_arms_share_a_stack() -> None:
    assert [seed for group in stacks(range(10), SMALL, stack=3) for seed in group] == list(range(10))
    assert sizes(SMALL, stack=6, arms=3) == [2] * 5
    assert sizes(SMALL) == [10]
    assert sizes(Replica(nn.Linear(784, 300), (784,), 40)) == [1] * 10


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_no_more_than_fit_the_memory(device: str) -> None:
    """Whatever the device: what fits is held against what it is told to have."""
    assert sizes(SMALL, device=device, memory=5 * SMALL.bytes) == [3, 3, 3, 1]  # six tenths of it
    assert sizes(SMALL, device=device, memory=1) == [1] * 10  # one is always tried
    assert sizes(SMALL, device=device, memory=10**12) == [10]


def test_bytes_are_parameters_and_what_a_pass_keeps() -> None:
    numbers = sum(p.numel() for p in SMALL.module.parameters())
    kept = 40 * (16 + 12) * 4  # inputs of both dense layers; ReLU keeps what it gave, an input of the second
    assert SMALL.bytes == 4 * COPIES * numbers + kept
    wide = Replica(conv(0), (1, 4, 4), 400)
    assert wide.bytes > 5 * Replica(conv(0), (1, 4, 4), 40).bytes  # what a pass keeps rules there


def test_the_trial_leaves_everything_as_it_was() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 4), nn.BatchNorm1d(4))
    before, state = torch.get_rng_state(), {n: v.clone() for n, v in module.state_dict().items()}
    assert Replica(module, (1, 4, 4), 8).bytes > 0
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(state[name], value) for name, value in module.state_dict().items())
    assert memory_of("cpu") > 2**28
