"""How many replicas are stacked: never more than fit."""

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.models.dense import dense_network
from sltk.train.stacks import (
    BY_CHAIN,
    BY_GRAPH,
    COPIES,
    STACK_ON_CPU,
    STACK_ON_GPU,
    memory_of,
    needs,
    replica_bytes,
    replica_products,
    stack_size,
    stacks,
    worthwhile,
)
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
    assert replica_products(module, ROWS, 8) > 0
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(state[name], value) for name, value in module.state_dict().items())
    assert memory_of("cpu") > 2**28


def convolutions(channels: int) -> nn.Module:
    first, second = nn.Conv2d(1, channels, 3, padding=1), nn.Conv2d(channels, channels, 3, padding=1)
    return nn.Sequential(
        first, nn.ReLU(), second, nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * channels, 10)
    )


@pytest.mark.parametrize(
    ("module", "pixels", "batch", "wanted"),
    [
        (dense_network((64, 100, 60, 10), 0), 8, 64, 16),
        (dense_network((784, 100, 10), 0), 28, 64, 5),
        (dense_network((784, 100, 10), 0), 28, 256, 1),
        (dense_network((784, 300, 100, 10), 0), 28, 64, 1),
        (dense_network((784, 300, 100, 10), 0), 28, 128, 1),
        (convolutions(8), 8, 64, 16),
        (convolutions(16), 8, 64, 7),
        (convolutions(32), 8, 64, 2),
        (convolutions(32), 8, 256, 1),
    ],
)
def test_a_stack_is_as_large_as_its_multiply_adds_allow(
    module: nn.Module, pixels: int, batch: int, wanted: int
) -> None:
    """Of networks whose stacks ``make bench`` measures, and of their like."""
    x = torch.zeros(1, 1, pixels, pixels)
    assert worthwhile(module, x, batch) == wanted
    assert sizes(module, **needs(module, x, batch))[0] == min(wanted, 10)
    limit = BY_GRAPH if any(isinstance(part, nn.Conv2d) for part in module.modules()) else BY_CHAIN
    together = [count * replica_products(module, x, batch) for count in (wanted, wanted + 1)]
    assert wanted == 1 or together[0] <= limit
    assert wanted == STACK_ON_CPU or together[1] > limit
    assert stack_size(module, "cuda", wanted) == STACK_ON_GPU


def test_parameters_alone_would_stack_too_many() -> None:
    """Negative control: of 14,698 parameters, of which most act at 64 positions of each row."""
    module, x = convolutions(32), torch.zeros(1, 1, 8, 8)
    assert sum(p.numel() for p in module.parameters()) == 14_698
    assert stack_size(module) == STACK_ON_CPU
    assert replica_products(module, x, 64) == 3 * 64 * (64 * (9 * 32 + 9 * 32 * 32) + 5120)
    assert stack_size(module, worth=worthwhile(module, x, 64)) == 2


def test_what_cannot_run_is_left_to_be_refused_where_it_is_run() -> None:
    assert needs(nn.Linear(3, 2), ROWS, 8) == {"taking": 0, "worth": 16}
    with pytest.raises(SltkError, match="cuda:77"):
        memory_of("cuda:77")
