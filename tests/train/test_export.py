"""A ticket that leaves the engine computes what it computed inside."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.models.registry import model
from sltk.train.basis.dct import dct
from sltk.train.basis.factored import Factored
from sltk.train.basis.unit import Unit
from sltk.train.export.low_rank import split_low_rank
from sltk.train.export.masks import apply_masks, load_masks, masks_of, save_masks
from sltk.train.export.plain import plain_state
from sltk.train.export.sparse_layers import CsrLinear, sparse
from sltk.train.export.thin import Select, thin
from sltk.train.tickets.attach import attach, tickets


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def plain() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 6, 3), nn.Tanh(), nn.Flatten(), nn.Linear(24, 12), nn.ReLU(), nn.Linear(12, 5),
    )  # fmt: skip


def pruned(own: nn.Module, density: float) -> nn.Module:
    """At random, whole groups."""
    for index, ticket in enumerate(tickets(own).values()):
        groups = ticket.basis.groups
        shape = [1 if axis - ticket.mask.ndim in groups else n for axis, n in enumerate(ticket.mask.shape)]
        flags = torch.rand(shape, generator=torch.Generator().manual_seed(index)) < density
        flags.view(-1)[0] = True
        ticket.mask.copy_(flags.expand_as(ticket.mask))
        ticket.gate.copy_(ticket.mask)
    return own


def units() -> nn.Module:
    torch.manual_seed(0)
    net = plain()
    net(draw(64, 2, 8, 8))  # statistics that are not those of the start
    return pruned(attach(net, lambda _, weight: Unit(weight.ndim)), 0.5).eval()


@pytest.mark.parametrize("basis", ["canonical", "dct"])
def test_plain_state_loads_strictly_and_computes_the_same(basis: str) -> None:
    make = "canonical" if basis == "canonical" else lambda _, weight: dct(tuple(weight.shape))
    own = pruned(attach(plain(), make), 0.3).eval()
    fresh = plain().eval()
    fresh.load_state_dict(plain_state(own), strict=True)
    x = draw(3, 2, 8, 8)
    assert torch.equal(fresh(x), own(x))
    if basis == "canonical":
        zeros = int((fresh[0].weight == 0).sum())
        assert zeros == int((~tickets(own)["0.weight"].mask).sum()) > 0


def test_plain_state_does_not_alias() -> None:
    own = attach(plain())
    state = plain_state(own)
    with torch.no_grad():
        for value in state.values():
            value.zero_()
    assert float(tickets(own)["0.weight"].coefficients.detach().abs().max()) > 0


def test_masks_come_back(tmp_path: Path) -> None:
    own = pruned(attach(plain()), 0.3)
    digest = save_masks(own, tmp_path / "one")
    assert save_masks(copy.deepcopy(own), tmp_path / "two") == digest
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    other = attach(plain())
    apply_masks(other, load_masks(tmp_path / "one"))
    assert all(torch.equal(a, b) for a, b in zip(masks_of(own).values(), masks_of(other).values(), strict=True))
    assert all(torch.equal(ticket.gate, ticket.mask) for ticket in tickets(other).values())


@pytest.mark.parametrize("damage", ["bit", "cut", "other", "missing"])
def test_damaged_mask_files_are_refused(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "masks"
    save_masks(pruned(attach(plain()), 0.3), path)
    content = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "bit":
        content[-3] ^= 1
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(content[:-5])
    else:
        path.write_bytes(b"not safetensors at all")
    with pytest.raises(SltkError, match="masks"):
        load_masks(path)


def test_masks_of_another_network_are_refused_and_nothing_is_written() -> None:
    own = attach(plain())
    before = masks_of(own)
    with pytest.raises(SltkError, match=r"0\.weight"):
        apply_masks(own, {})
    wrong = dict(before) | {"9.weight": torch.ones(2, 2, dtype=torch.bool)}
    wrong["0.weight"] = ~wrong["0.weight"]
    with pytest.raises(SltkError, match=r"9\.weight"):
        apply_masks(own, wrong)
    assert torch.equal(masks_of(own)["0.weight"], before["0.weight"])


def test_thin_is_smaller_and_equal() -> None:
    own = units()
    small = thin(own)  # type: ignore[arg-type]
    x = draw(7, 2, 8, 8)
    assert torch.allclose(small(x), own(x), rtol=0, atol=2e-6)
    numbers = sum(p.numel() for p in small.parameters())
    assert numbers < 0.6 * sum(p.numel() for p in plain().parameters())
    assert not any(isinstance(part, Select) for part in small) or isinstance(small[0], Select)


def test_thin_without_its_norms_is_caught() -> None:
    """A thinned norm that keeps the wrong channels gives other outputs: the equality above can fail."""
    own = units()
    small = thin(own)  # type: ignore[arg-type]
    norm = next(part for part in small if isinstance(part, nn.BatchNorm2d))
    norm.running_mean.copy_(norm.running_mean.roll(1))
    assert not torch.allclose(small(draw(7, 2, 8, 8)), own(draw(7, 2, 8, 8)), rtol=0, atol=2e-6)


def test_thin_leaves_a_dense_network_as_it_is() -> None:
    net = plain().eval()
    small = thin(attach(net).eval())
    shapes = {name: p.shape for name, p in small.named_parameters()}
    assert shapes == {name: p.shape for name, p in net.named_parameters()}


def test_thin_where_nothing_is_read() -> None:
    own = units()
    ticket = tickets(own)["7.weight"]
    ticket.gate.zero_()
    small = thin(own)  # type: ignore[arg-type]
    assert torch.allclose(small(draw(4, 2, 8, 8)), own(draw(4, 2, 8, 8)), rtol=0, atol=2e-6)


def test_thin_refuses_what_it_cannot_follow() -> None:
    with pytest.raises(SltkError, match="Softmax"):
        thin(nn.Sequential(nn.Linear(2, 2), nn.Softmax(-1)))
    with pytest.raises(SltkError, match="Sequential"):
        thin(nn.Linear(2, 2))  # type: ignore[arg-type]


def test_low_rank_becomes_two_layers() -> None:
    own = pruned(attach(plain(), lambda _, weight: Factored(tuple(weight.shape))), 0.25).eval()
    small = split_low_rank(own)
    x = draw(7, 2, 8, 8)
    assert torch.allclose(small(x), own(x), rtol=0, atol=5e-6)
    assert isinstance(small[7], nn.Sequential)
    assert small[7][0].out_features == int(tickets(own)["7.weight"].mask[:, 0].sum())
    assert isinstance(small[4], nn.Sequential)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in plain().parameters())
    small[7][0].weight.detach().mul_(1.01)
    assert not torch.allclose(small(x), own(x), rtol=0, atol=5e-6)


def test_full_rank_stays_one_layer() -> None:
    own = attach(plain(), lambda _, weight: Factored(tuple(weight.shape)))
    assert not any(isinstance(part, nn.Sequential) for part in split_low_rank(own))


@pytest.mark.parametrize("shape", [(5, 20), (2, 3, 20)])
def test_sparse_layers_compute_the_same(shape: tuple[int, ...]) -> None:
    own = pruned(attach(nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 4, bias=False))), 0.04)
    made = sparse(own, 0.2)
    assert all(isinstance(made[i], CsrLinear) for i in (0, 2))
    assert torch.allclose(made(draw(*shape)), own(draw(*shape)), rtol=0, atol=1e-6)
    assert isinstance(sparse(own, 0.0)[0], nn.Linear)
    with pytest.raises(SltkError, match="below"):
        sparse(own, 5)


def test_a_lenet_goes_through_all_exports() -> None:
    own = pruned(attach(model("lenet-300-100", 0), lambda _, weight: Unit(2)), 0.3).eval()
    x = draw(5, 1, 28, 28)
    want = own(x)
    fresh = model("lenet-300-100", 1).eval()
    fresh.load_state_dict(plain_state(own))
    for made in (fresh, thin(own), sparse(own, 1.0)):  # type: ignore[arg-type]
        assert torch.allclose(made(x), want, rtol=0, atol=1e-5)
