"""Analyses against naive oracles, each with a case that a wrong formula gets wrong."""

import math
from itertools import combinations

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.train.analyse.connectivity import Path, error_path
from sltk.train.analyse.layers import collapsed_layers, layer_report, table
from sltk.train.analyse.overlap import chance_iou, overlaps, total_iou
from sltk.train.analyse.storage import index_bits, storage, together
from sltk.train.basis.dct import dct
from sltk.train.basis.unit import Unit
from sltk.train.export.masks import masks_of
from sltk.train.tickets.attach import attach, detach, tickets


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def net(basis: str = "canonical") -> nn.Module:
    torch.manual_seed(0)
    make = {
        "canonical": "canonical",
        "dct": lambda _, weight: dct(tuple(weight.shape)),
        "unit": lambda _, weight: Unit(weight.ndim),
    }[basis]
    return attach(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)), make)


def close(own: nn.Module, name: str, *keep: tuple[int, int]) -> None:
    ticket = tickets(own)[name]
    ticket.mask.zero_()
    for row, column in keep:
        ticket.mask[row, column] = True
    ticket.gate.copy_(ticket.mask)


def test_overlap_counts() -> None:
    first, second = net(), net()
    close(first, "0.weight", (0, 0), (1, 1), (2, 2))
    close(second, "0.weight", (1, 1), (2, 2), (3, 3), (4, 4))
    found = overlaps(masks_of(first), masks_of(second))
    assert (found["0.weight"].both, found["0.weight"].either) == (2, 5)
    assert found["0.weight"].iou == 2 / 5
    assert found["2.weight"].iou == 1.0
    assert total_iou(found) == (2 + 15) / (5 + 15)
    with pytest.raises(SltkError, match="same names"):
        overlaps(masks_of(first), {})


@pytest.mark.parametrize(("total", "first", "second"), [(6, 2, 3), (5, 5, 5), (6, 1, 1), (4, 0, 2), (6, 5, 4)])
def test_chance_is_the_mean_over_all_pairs(total: int, first: int, second: int) -> None:
    fixed = set(range(first))
    shares = [len(fixed & set(c)) / len(fixed | set(c)) for c in combinations(range(total), second)]
    assert chance_iou(total, first, second) == pytest.approx(math.fsum(shares) / len(shares), abs=1e-12)


def test_chance_of_large_masks() -> None:
    p = 0.02
    assert chance_iou(235_200, 4704, 4704) == pytest.approx(p / (2 - p), rel=1e-3)


def test_a_line_between_equal_networks_is_flat() -> None:
    own, x = net("dct"), draw(200, 6)
    y = own(x).argmax(1)
    path = error_path(own, own, x, y, plain=detach(own), places=5)
    assert path.errors == (0.0,) * 5
    assert path.barrier == 0.0


def test_permuted_units_make_a_barrier() -> None:
    """The same function with its units in another order: no error at the ends, some in between."""
    own, x = detach(net()), draw(400, 6)
    with torch.no_grad():
        own[0].weight.mul_(3.0)
    other = detach(attach(own))
    order = torch.tensor([1, 2, 3, 4, 0])
    with torch.no_grad():
        other[0].weight.copy_(own[0].weight[order])
        other[0].bias.copy_(own[0].bias[order])
        other[2].weight.copy_(own[2].weight[:, order])
    y = own(x).argmax(1)
    path = error_path(own, other, x, y, plain=own, places=5)
    assert (path.errors[0], path.errors[-1]) == (0.0, 0.0)
    with torch.no_grad():
        middle = detach(attach(own))
        for mixed, a, b in zip(middle.parameters(), own.parameters(), other.parameters(), strict=True):
            mixed.copy_((a + b) / 2)
        assert path.errors[2] == pytest.approx(float((middle(x).argmax(1) != y).double().mean()), abs=0.006)
    assert path.barrier > 0.05


def test_barrier_is_over_the_mean_of_the_ends() -> None:
    assert Path((0.0, 0.5, 1.0), (0.1, 0.5, 0.3)).barrier == pytest.approx(0.3)
    assert Path((0.0, 0.5, 1.0), (0.3, 0.1, 0.3)).barrier == 0.0


def test_statistics_are_computed_anew_on_the_line() -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))
    x = draw(500, 6)
    plain(x)
    own = attach(plain).eval()
    spoilt = attach(plain).eval()
    spoilt[1].running_mean.add_(50.0)
    y = torch.zeros(500, dtype=torch.int64)
    kept = error_path(own, spoilt, x, y, plain=plain, places=3)
    anew = error_path(own, spoilt, x, y, plain=plain, places=3, statistics=x)
    assert anew.errors[0] == anew.errors[1] == anew.errors[2]  # the parameters are equal
    assert kept.errors[1] != kept.errors[0]


def test_other_networks_are_refused() -> None:
    with pytest.raises(SltkError, match="same tensors"):
        error_path(net(), attach(nn.Linear(6, 3)), draw(2, 6), torch.zeros(2), plain=detach(net()))
    with pytest.raises(SltkError, match="places"):
        error_path(net(), net(), draw(2, 6), torch.zeros(2), plain=detach(net()), places=1)


def test_layer_report() -> None:
    own = net()
    close(own, "0.weight", (0, 0), (0, 3), (2, 3))
    report = {layer.name: layer for layer in layer_report(own)}
    first = report["0.weight"]
    assert (first.kept, first.coefficients, first.nonzero) == (3, 30, 3)
    assert (first.live_inputs, first.live_outputs) == (2, 2)
    assert first.density == 0.1
    assert report["2.weight"].density == 1.0
    assert collapsed_layers(own) == []
    close(own, "2.weight")
    assert collapsed_layers(own) == ["2.weight"]
    assert "collapsed" in table(layer_report(own)).splitlines()[2]
    assert "collapsed" not in table(layer_report(own)).splitlines()[1]


def test_a_layer_of_zeros_under_an_open_mask_has_collapsed() -> None:
    own = net()
    with torch.no_grad():
        tickets(own)["0.weight"].coefficients.zero_()
    assert collapsed_layers(own) == ["0.weight"]


@pytest.mark.parametrize("d", [1, 5, 40])
def test_index_bits_of_small_sets(d: int) -> None:
    for k in range(d + 1):
        assert 2 ** index_bits(d, k) == pytest.approx(math.comb(d, k), rel=1e-12)
    with pytest.raises(SltkError, match="k=-1"):
        index_bits(3, -1)


def test_index_bits_of_large_sets() -> None:
    assert index_bits(30_000, 3000) == pytest.approx(math.log2(math.comb(30_000, 3000)), rel=1e-9)
    assert index_bits(10**9, 10**7) / 10**9 == pytest.approx(0.0808, abs=1e-4)  # the entropy of 1 in 100


def test_storage_of_a_dense_basis_saves_storage_and_no_products() -> None:
    canonical, cosine = net(), net("dct")
    for own in (canonical, cosine):
        close(own, "0.weight", (0, 0), (1, 2), (2, 3))
    plain, turned = storage(canonical)["0.weight"], storage(cosine)["0.weight"]
    bits = math.log2(math.comb(30, 3))
    assert plain.values == turned.values == 12
    assert plain.indices == turned.indices == math.ceil(bits / 8)
    assert plain.dense == 120
    assert plain.ratio == 120 / (12 + 2)
    assert plain.nonzero == 3
    assert turned.nonzero > 15
    assert together(storage(canonical)).kept == 3 + 15


def test_storage_of_units_names_units() -> None:
    own = net("unit")
    ticket = tickets(own)["0.weight"]
    ticket.mask[:, 1:] = False
    ticket.gate.copy_(ticket.mask)
    found = storage(own)["0.weight"]
    assert found.values == 5 * 4
    assert found.indices == 1  # log2 6 bits, not log2 C(30, 5)
