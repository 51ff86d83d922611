"""How many replicas are stacked: never more than fit."""

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.train.stacks import COPIES, memory_of, replica_bytes, stacks
from tests.train.engine_task import conv, dense, small_task

SMALL, ROWS = dense(0), small_task().train.x
BYTES = replica_bytes(SMALL, ROWS, 40)


def sizes(module: nn.Module, **given) -> list[int]:
    return [len(group) for group in stacks(range(10), module, **given)]


def test_seeds_come_in_order_and_arms_share_a_stack() -> None:
    assert [seed for group in stacks(range(10), SMALL, stack=3) for seed in group] == list(range(10))
    assert sizes(SMALL, stack=6, arms=3) == [2] * 5
    assert sizes(SMALL) == [10]
    assert sizes(nn.Linear(784, 300)) == [1] * 10


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_no_more_than_fit_the_memory(device: str) -> None:
    """Whatever the device: what fits is held against what it is told to have."""
    assert sizes(SMALL, device=device, taking=BYTES, memory=5 * BYTES) == [3, 3, 3, 1]  # six tenths of it
    assert sizes(SMALL, device=device, taking=BYTES, memory=1) == [1] * 10  # one is always tried
    assert sizes(SMALL, device=device, taking=BYTES, memory=10**12) == [10]


def test_bytes_are_parameters_and_what_a_pass_keeps() -> None:
    numbers = sum(p.numel() for p in SMALL.parameters())
    kept = 40 * (16 + 12) * 4  # inputs of both dense layers; ReLU keeps what it gave, an input of the second
    assert 4 * COPIES * numbers + kept == BYTES
    assert replica_bytes(conv(0), ROWS, 400) > 5 * replica_bytes(conv(0), ROWS, 40)  # what a pass keeps rules there


def test_the_trial_leaves_everything_as_it_was() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 4), nn.BatchNorm1d(4))
    before, state = torch.get_rng_state(), {n: v.clone() for n, v in module.state_dict().items()}
    assert replica_bytes(module, ROWS, 8) > 0
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(state[name], value) for name, value in module.state_dict().items())
    assert memory_of("cpu") > 2**28


def test_what_cannot_run_is_left_to_be_refused_where_it_is_run() -> None:
    assert replica_bytes(nn.Linear(3, 2), ROWS, 8) == 0
    with pytest.raises(SltkError, match="cuda:77"):
        memory_of("cuda:77")
