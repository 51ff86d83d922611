"""The comparison of a module with its source: other bits, other places and missing weights are told apart."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from sltk.construct import Construction, Recipe, StrongTicket
from sltk.runtime.sparse import SparseLayer
from sltk.verify.bits import compare_bits

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", [None, "cpu", pytest.param("cuda", marks=GPU)], ids=str)


@pytest.fixture(scope="module")
def ticket() -> StrongTicket:
    torch.manual_seed(1)
    target = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    return Construction(target, (-1.0, 1.0), Recipe(n=12, param_eps=0.05), input_shape=(1, 4, 4)).build(1)


def layers(module: nn.Module) -> list[SparseLayer]:
    return [part for part in module.modules() if isinstance(part, SparseLayer)]


def place(device: str | None) -> torch.device | None:
    """Where blocks are drawn; ``None`` for the compiled kernels."""
    return None if device is None else torch.device(device)


@DEVICES
def test_an_honest_module_passes(ticket: StrongTicket, device: str | None) -> None:
    found = compare_bits(ticket, ticket.module("sparse"), device=place(device))
    assert found.passed
    assert found == compare_bits(ticket, ticket.module("sparse"))
    assert found.compared + found.unread == sum(mask.kept() for mask in ticket.masks)


@DEVICES
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_one_bit_of_one_weight_is_seen(ticket: StrongTicket, layer: int, device: str | None) -> None:
    module = ticket.module("sparse")
    bits = layers(module)[layer].value.view(torch.int32)
    bits[0] ^= 1
    found = compare_bits(ticket, module, device=place(device))
    assert (found.different, found.misplaced, found.passed) == (1, 0, False)


@DEVICES
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_weight_in_a_place_that_the_mask_does_not_keep_is_seen(
    ticket: StrongTicket, layer: int, device: str | None
) -> None:
    """The source's own weight of that place, bit for bit: only the place is wrong."""
    module = ticket.module("sparse")
    own = layers(module)[layer]
    free = next(place for place in range(own.weight.numel()) if place not in set(own.index.tolist()))
    left = torch.cat([own.index[1:], torch.tensor([free])])
    own.index, own.value = left, torch.cat([own.value[1:], own.value[:1]])
    found = compare_bits(ticket, module, device=place(device))
    assert (found.different, found.misplaced, found.passed) == (0, 2, False)


def test_a_missing_weight_is_seen(ticket: StrongTicket) -> None:
    module = ticket.module("sparse")
    own = layers(module)[0]
    own.index, own.value = own.index[1:], own.value[1:]
    found = compare_bits(ticket, module)
    assert (found.different, found.misplaced, found.passed) == (0, 1, False)


@DEVICES
def test_a_ticket_of_another_seed_is_seen(ticket: StrongTicket, device: str | None) -> None:
    """Blocks are those of the source that the ticket names: a module of another one has other bits in its places."""
    other = replace(ticket, source=replace(ticket.source, seed=ticket.source.seed + 1))
    found = compare_bits(other, ticket.module("sparse"), device=place(device))
    assert found.different > 0.9 * found.compared
    assert found.misplaced == 0
