"""``attach``: the module computes the same, copies and loads like any other, and refuses what it cannot hold."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from sltk.core.errors import SltkError
from sltk.train.tickets.attach import Attached, attach, detach, tickets
from sltk.train.tickets.ticket import Ticket


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 4))


X = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def test_every_weight_is_a_ticket_and_nothing_else_is() -> None:
    module = net()
    own = attach(module)
    assert list(tickets(own)) == ["0.weight", "4.weight"]
    assert {name for name, _ in own.named_parameters()} == {
        "0.weight_ticket.coefficients", "0.bias", "1.weight", "1.bias", "4.weight_ticket.coefficients", "4.bias",
    }  # fmt: skip
    assert torch.equal(own(X), module(X))
    assert isinstance(own[4], nn.Linear)
    assert not isinstance(module[4], Attached)


def test_closing_a_gate_closes_the_weight_and_leaves_the_module_given() -> None:
    module = net()
    own = attach(module)
    tickets(own)["4.weight"].gate.zero_()
    own[4].bias.data.zero_()
    assert not own(X).any()
    assert module(X).any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_mistake_deepcopy_and_state_dict_broken_by_masks(copied) -> None:
    own = attach(net())
    tickets(own)["0.weight"].gate[0] = False
    twin = copied(own)
    assert torch.equal(twin(X), own(X))
    with torch.no_grad():
        twin[4].bias.add_(1.0)
        tickets(twin)["0.weight"].coefficients.zero_()
    assert not torch.equal(twin(X), own(X))
    twin.load_state_dict(own.state_dict(), strict=True)
    own.eval(), twin.eval()
    assert torch.equal(twin(X), own(X))


def test_training_moves_coefficients_only_where_trainable() -> None:
    assert all(t.trainable for t in tickets(attach(net())).values())
    assert not any(t.trainable for t in tickets(attach(net(), trainable=False)).values())


def test_detached_is_plain_and_computes_the_same() -> None:
    own = attach(net())
    tickets(own)["0.weight"].gate[1] = False
    plain = detach(own)
    assert {name for name, _ in plain.named_parameters()} == {name for name, _ in net().named_parameters()}
    assert type(plain[0]) is nn.Conv2d
    assert torch.equal(plain(X), own(X))
    assert tickets(own)["0.weight"].kept == 27


def tied() -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    return module


def shared() -> nn.Module:
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, layer)


def pruned() -> nn.Module:
    return nn.Sequential(prune.random_unstructured(nn.Linear(3, 3), "weight", 0.5))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (tied, "tied"),
        (shared, "tied"),
        (pruned, "pruned"),
        (lambda: nn.Sequential(parametrizations.orthogonal(nn.Linear(3, 3))), "parametrised"),
        (lambda: attach(net()), "parametrised"),
        (lambda: nn.Sequential(nn.ReLU()), "linear or convolutional"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), "lazy"),
    ],
)
def test_refusals_are_clear(make, named: str) -> None:
    with pytest.raises(SltkError, match=named):
        attach(make())


def test_a_basis_of_ones_own() -> None:
    seen = []

    def basis(name, weight):
        from sltk.train.basis.canonical import Canonical

        seen.append((name, tuple(weight.shape)))
        return Canonical()

    assert isinstance(tickets(attach(net(), basis))["4.weight"], Ticket)
    assert seen == [("0.weight", (3, 1, 3, 3)), ("4.weight", (4, 108))]
