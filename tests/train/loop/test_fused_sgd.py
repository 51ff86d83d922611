"""The short step of SGD against torch's own, bit for bit: also after a restart, and where it has to be left."""

import copy

import pytest
import torch
from torch import Tensor

from sltk.train.loop.fused_sgd import FusedSgd

SHAPES = ((3, 4, 5), (7,), (2, 2))


def parameters(dtype: torch.dtype = torch.float32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator).to(dtype).requires_grad_() for shape in SHAPES]


def torchs(own: list[Tensor], momentum: float) -> torch.optim.SGD:
    return torch.optim.SGD(own, 0.1, momentum=momentum, weight_decay=0.01, fused=True)


def move(optimiser: torch.optim.Optimizer, own: list[Tensor], steps: int, first: int = 0, skipped: int = -1) -> None:
    """Steps with gradients from a stream; one parameter has none at the step ``skipped``."""
    for step in range(first, first + steps):
        generator = torch.Generator().manual_seed(step + 1)
        for place, p in enumerate(own):
            p.grad = torch.randn(p.shape, generator=generator).to(p.dtype)
            if place == 1 and step == skipped:
                p.grad = None
        optimiser.param_groups[0]["lr"] = 0.1 / (step + 1)
        optimiser.step()


@pytest.mark.parametrize("momentum", [0.9, 0.0])
@pytest.mark.parametrize("skipped", [-1, 2])
def test_bit_for_bit(momentum: float, skipped: int):
    ours, theirs = parameters(), parameters()
    move(FusedSgd(ours, 0.1, momentum=momentum, decay=0.01), ours, 4, skipped=skipped)
    move(torchs(theirs, momentum), theirs, 4, skipped=skipped)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    other = parameters()
    move(torchs(other, momentum), other, 4, first=1)
    assert not torch.equal(other[0], ours[0])  # the control: other gradients end elsewhere


def test_a_state_that_is_stored_goes_on_as_it_would_have():
    whole, parted = parameters(), parameters()
    move(FusedSgd(whole, 0.1, momentum=0.9, decay=0.01), whole, 5)
    first = FusedSgd(parted, 0.1, momentum=0.9, decay=0.01)
    move(first, parted, 2)
    later = FusedSgd(parted, 0.1, momentum=0.9, decay=0.01)
    forgetful = FusedSgd(lost := [p.detach().clone().requires_grad_() for p in parted], 0.1, momentum=0.9, decay=0.01)
    later.load_state_dict(first.state_dict())
    move(later, parted, 3, first=2)
    move(forgetful, lost, 3, first=2)
    assert all(torch.equal(a, b) for a, b in zip(whole, parted, strict=True))
    assert not torch.equal(whole[0], lost[0])


def test_parameters_of_two_sorts_are_left_to_torch():
    ours, theirs = ([*parameters(), *parameters(torch.float64)] for _ in range(2))
    move(FusedSgd(ours, 0.1, momentum=0.9, decay=0.01), ours, 3)
    move(torchs(theirs, 0.9), theirs, 3)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def in_place(own: list[Tensor], step: int) -> None:
    """Gradients into the tensors that are there, as a chain of dense layers writes them."""
    generator = torch.Generator().manual_seed(step + 1)
    for p in own:
        drawn = torch.randn(p.shape, generator=generator)
        p.grad = drawn if p.grad is None else p.grad.copy_(drawn)


def test_what_is_held_from_step_to_step_is_let_go_with_a_state_or_a_gradient():
    ours, theirs = parameters(), parameters()
    first, second = FusedSgd(ours, 0.1, momentum=0.9, decay=0.01), torchs(theirs, 0.9)
    for step in range(8):
        for own, optimiser in ((ours, first), (theirs, second)):
            in_place(own, step)
            if step == 3:  # momenta in other tensors
                optimiser.load_state_dict(copy.deepcopy(optimiser.state_dict()))
            if step == 5:
                own[1].grad = None
            optimiser.step()
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True)), step
    held = first._held
    assert held is not None
    assert held[0] is first.state
    first._held = (first.state, (held[1][0], held[1][1], [torch.zeros_like(m) for m in held[1][2]]))
    in_place(ours, 8)
    in_place(theirs, 8)
    first.step()
    second.step()
    assert not torch.equal(ours[0], theirs[0])  # the control: what is held is what is read
