"""``torch.nn.utils.prune`` in and out: every bit of masks and coefficients."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from sltk.core.errors import SltkError
from sltk.train.export.torch_prune import from_torch_prune, to_torch_prune
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.imp import imp
from sltk.train.tickets.attach import attach, tickets
from tests.train.engine_task import conv, dense, small_task

TASK = small_task()


def trained(**options) -> nn.Module:
    recipe = TrainingRecipe(rate=0.05, batch=40)
    return imp(conv, TASK, density=0.3, rounds=1, epochs=1, recipe=recipe, **options).ticket()


def same_outputs(first: nn.Module, second: nn.Module) -> bool:
    with torch.no_grad():
        return torch.equal(first.eval()(TASK.test.x), second.eval()(TASK.test.x))


def test_there_and_back_keeps_every_bit_and_the_outputs() -> None:
    own = trained()
    pruned = to_torch_prune(own)
    assert prune.is_pruned(pruned)
    assert type(pruned[0]) is nn.Conv2d
    assert same_outputs(own, pruned)
    back = from_torch_prune(pruned)
    for name, ticket in tickets(own).items():
        again = tickets(back)[name]
        assert torch.equal(again.mask, ticket.mask)
        assert torch.equal(again.gate, ticket.mask)
        assert torch.equal(again.coefficients, ticket.coefficients)  # those off the mask too
    assert same_outputs(own, back)


@pytest.mark.parametrize("ran", [False, True], ids=["new", "after a forward pass with gradients"])
def test_what_torch_has_pruned_comes_in_and_goes_on(ran: bool) -> None:
    module = dense(1)
    prune.l1_unstructured(module[1], "weight", amount=100)
    prune.random_unstructured(module[1], "weight", amount=20)  # two prunings in a row are one mask
    if ran:
        module(TASK.test.x).sum().backward()
    before = copy.deepcopy(module.state_dict())
    own = from_torch_prune(module)
    found = tickets(own)
    assert found["1.weight"].kept == 192 - 120
    assert found["3.weight"].kept == 48  # not pruned: open
    assert torch.equal(found["1.weight"].coefficients, module[1].weight_orig)
    assert same_outputs(own, module)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert prune.is_pruned(module)
    own.train()
    nn.functional.cross_entropy(own(TASK.train.x), TASK.train.y).backward()
    gradient = found["1.weight"].coefficients.grad
    assert gradient is not None
    assert not gradient[~found["1.weight"].mask].any()
    assert gradient[found["1.weight"].mask].any()


def test_zeros_are_made_permanent_as_torch_does() -> None:
    pruned = to_torch_prune(trained())
    prune.remove(pruned[0], "weight")
    assert "weight_orig" not in dict(pruned[0].named_parameters())
    assert int((pruned[0].weight == 0).sum()) > 0


def soft() -> nn.Module:
    own = attach(dense(0))
    tickets(own)["1.weight"].mask[0] = False
    return own


def infinite() -> nn.Module:
    own = soft()
    ticket = tickets(own)["1.weight"]
    ticket.gate.copy_(ticket.mask)
    with torch.no_grad():
        ticket.coefficients[0, 0] = torch.inf
    return own


def half() -> nn.Module:
    return prune.custom_from_mask(dense(0)[1], "weight", torch.full((12, 16), 0.5))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: to_torch_prune(dense(0)), "no ticket"),
        (lambda: to_torch_prune(trained(basis="dct")), "basis"),
        (lambda: to_torch_prune(soft()), "never cut"),
        (lambda: to_torch_prune(infinite()), "not finite"),
        (lambda: from_torch_prune(dense(0)), "pruned nothing"),
        (lambda: from_torch_prune(half()), "0 and 1"),
        (lambda: from_torch_prune(prune.l1_unstructured(dense(0)[1], "bias", 3)), "prune.remove"),
        (lambda: from_torch_prune(prune.l1_unstructured(nn.LSTM(3, 3), "weight_ih_l0", 3)), "LSTM"),
    ],
)
def test_what_cannot_be_handed_over_exactly_is_refused(make: Callable[[], object], named: str) -> None:
    with pytest.raises(SltkError, match=named) as told:
        make()
    assert "\n" not in str(told.value)
