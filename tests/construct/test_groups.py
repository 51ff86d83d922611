"""Grouped convolutions: sources in groups, by both constructions, against full ones with zeros between the groups."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sltk.construct import Construction, Recipe, Search, StrongTicket
from sltk.construct.architecture import architecture_of, from_json, to_json
from sltk.construct.source import Source, SourceLayer
from sltk.core.errors import SltkError
from sltk.networks.network import Network, Stage
from sltk.networks.ops.conv import Conv
from sltk.networks.reading.read import read
from sltk.runtime.sparse import SparseConv2d
from sltk.subset_sum.laws import Uniform
from sltk.verify.bits import compare_bits
from sltk.verify.check import CallerClaim, check
from tests.construct.block_nets import randomised

SHAPE = (4, 5, 5)
UNSAID = {"the ticket computes its target"}  # outputs of untrained networks hardly vary
PARAMETERS = {"every effective parameter is within param_eps"}


class OnParts(nn.Module):
    """Grouped maps of concatenations: groups that lie within the parts, and groups that do not."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 4, 1)
        self.within, self.across = nn.Conv2d(6, 6, 3, groups=3), nn.Conv2d(6, 4, 3, groups=2)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.cat([torch.relu(self.one(x)), torch.relu(self.two(x))], 1)
        return self.across(torch.relu(self.within(y))).flatten(1)


def two_groups(phi: type[nn.Module]) -> nn.Module:
    """Groups in the first layer and behind it, with more outputs than inputs, strides, and a readout."""
    return nn.Sequential(
        nn.Conv2d(4, 4, 3, padding=1, groups=2), phi(), nn.Conv2d(4, 8, 3, 2, 1, groups=4), phi(),
        nn.Conv2d(8, 2, 1, groups=2), phi(), nn.Flatten(), nn.Linear(18, 2),
    )  # fmt: skip


def line() -> nn.Module:
    return nn.Sequential(nn.Conv1d(4, 4, 3, padding=1, groups=4), nn.ReLU(), nn.Conv1d(4, 2, 3, groups=2), nn.Flatten())


NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "relu": (lambda: two_groups(nn.ReLU), SHAPE),
    "sigmoid": (lambda: two_groups(nn.Sigmoid), SHAPE),
    "tanh": (lambda: two_groups(nn.Tanh), SHAPE),
    "parts": (OnParts, SHAPE),
    "line": (line, (4, 6)),
}
CASES = [(name, method) for name in NETS for method in ("plus-one", "two-layer")]
_built: dict[tuple[str, str], tuple[Construction, StrongTicket]] = {}


def built(name: str, method: str) -> tuple[Construction, StrongTicket]:
    if (name, method) not in _built:
        make, shape = NETS[name]
        recipe = Recipe(method, 26, 0.01, scale_exponents=(0, -1, -2, -3))
        made = Construction(randomised(make()), (-1.0, 1.0), recipe, input_shape=shape)
        _built[name, method] = made, made.build(3, Search(copy_error=0.01, prune_below=0.001))
    return _built[name, method]


def inputs(network: Network) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(12, *network.input_shape, generator=generator, dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("name", NETS)
def test_it_is_read_as_torch_computes_it(name: str) -> None:
    make, shape = NETS[name]
    module = randomised(make()).double()
    network = read(module, shape)
    torch.testing.assert_close(network(inputs(network)), module(inputs(network)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_it_is_built_bounded_and_checked(name: str, method: str) -> None:
    made, ticket = built(name, method)
    x, network = inputs(made.network), made.network
    assert len(ticket.failures) <= 0.01 * ticket.problems
    dense, sparse = ticket.module("dense").double(), copy.deepcopy(ticket.module("sparse")).double()
    torch.testing.assert_close(dense(x), sparse(x), rtol=1e-8, atol=1e-8)
    error = float((sparse(x) - network(x)).abs().max())
    assert 0.0 < error <= ticket.certificate.bound
    assert ticket.failures or ticket.certificate.bound <= ticket.a_priori.bound
    found = check(ticket, claim=CallerClaim(param_eps=0.01, prune_below=0.001))
    assert {v.statement for v in found.verdicts if not v.holds} <= UNSAID | (PARAMETERS if ticket.failures else set())


@pytest.mark.parametrize(("name", "method"), CASES)
def test_the_problems_are_those_that_were_foretold(name: str, method: str) -> None:
    """By number, and obstructions are among the failures. Intercepts make the biases of their stages random."""
    made, ticket = built(name, method)
    families, left_out = made.families(ticket.search)
    if not left_out:
        assert sum(family.problems for family in families) == ticket.problems
    places = {(f.stage, f.kind, f.output, f.input, f.tap, f.copy) for f in ticket.failures}
    for seed in (3,):
        for f in made.obstructions(seed, ticket.search):
            assert (f.stage, f.kind, f.output, f.input, f.tap, f.copy) in places


def test_a_depthwise_layer_takes_a_source_of_its_own_size() -> None:
    """One copy of a neuron reads the copies of its own channel: not those of all 31."""
    depthwise = nn.Sequential(nn.Conv2d(31, 31, 3, padding=1, groups=31), nn.ReLU())
    full = nn.Sequential(nn.Conv2d(31, 31, 3, padding=1), nn.ReLU())
    sizes = [
        Construction(module, (-1.0, 1.0), Recipe(n=26, param_eps=0.01), input_shape=(31, 8, 8)).sizes
        for module in (depthwise, full)
    ]
    assert (sizes[0].target, sizes[0].source) == (310, 47_379)
    assert sizes[1].source == 941_739


LAYER = SourceLayer(
    "grouped", "conv", outputs=2 * 6 + 3, columns=((4, 0), (4, -2), (4, 0), (4, -2), (3, 1)), inner=2, kernel=(1, 2),
    stride=(1, 1), padding=(0, 0), dilation=(1, 1), after=(), groups=2, shared=3, extra=3,
)  # fmt: skip


def test_channels_and_places_turn_each_other_back() -> None:
    rows, columns = np.meshgrid(np.arange(LAYER.outputs), np.arange(LAYER.width), indexing="ij")
    channels = LAYER.channel_of(rows, columns)
    assert LAYER.weight_shape == (15, 8 + 3, 1, 2)
    assert np.array_equal(LAYER.column_of(rows, channels), columns)
    for row in range(LAYER.outputs):
        own = [*range(8)] if row < 6 else [*range(8, 16)]  # the last outputs, which are constants, with the last group
        assert channels[row].tolist() == [*own, 16, 17, 18]


def test_weights_have_the_scale_of_the_channel_that_they_read() -> None:
    source = Source((LAYER,), Uniform(1.0), 1)
    plain = Source((replace(LAYER, columns=((16, 0), (3, 0))),), Uniform(1.0), 1)
    flat = np.arange(LAYER.weight_count)
    row, column = np.divmod(flat // LAYER.inner, LAYER.width)
    factor = LAYER.column_factors[LAYER.channel_of(row, column)]
    assert np.array_equal(source.weights(0, flat), plain.weights(0, flat) * factor)
    assert np.array_equal(source.block(0, 7, 200), source.weights(0, flat)[7:200])
    assert len(np.unique(factor)) == 3


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
def test_a_group_that_reads_another_ones_channels_is_noticed(method: str) -> None:
    """Negative control: every kept weight of a layer reads a channel of another group."""
    made, ticket = built("relu", method)
    x = inputs(made.network)
    honest = float((ticket.module("sparse").double()(x) - made.network(x)).abs().max())
    assert compare_bits(ticket, ticket.module("sparse")).passed
    wrong = ticket.module("sparse")
    layer = [part for part in wrong.modules() if isinstance(part, SparseConv2d)][1]
    taps = layer.kernel_size[0] * layer.kernel_size[1]
    row, rest = layer.index // (layer.in_channels * taps), layer.index % (layer.in_channels * taps)
    moved = (rest + layer.in_channels // 2 * taps) % (layer.in_channels * taps)
    order = (row * layer.in_channels * taps + moved).argsort()
    layer.index.copy_((row * layer.in_channels * taps + moved)[order])
    layer.value.copy_(layer.value[order])
    assert not compare_bits(ticket, wrong).passed
    assert float((wrong.double()(x) - made.network(x)).abs().max()) > 10 * honest


def test_a_file_says_groups_only_where_there_are_some() -> None:
    grouped = to_json(architecture_of(built("relu", "plus-one")[0].network))
    assert [stage.get("groups") for stage in grouped["stages"]] == [2, 4, 2, None]  # pyright: ignore
    for wrong in (3, 0, -1, True, 2.0, "2", None):
        forged = json.loads(json.dumps(grouped))
        forged["stages"][0]["groups"] = wrong
        with pytest.raises(SltkError, match="groups"):
            from_json(forged, {})
    forged = json.loads(json.dumps(grouped))
    forged["stages"][3]["groups"] = 2  # of a linear map
    with pytest.raises(SltkError, match="groups"):
        from_json(forged, {})


def test_full_and_grouped_maps_of_the_same_weights_have_the_same_bounds() -> None:
    """What a grouped map answers to the certificates is what the full one with zeros answers."""
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(4, 2, 3, 3, generator=generator, dtype=torch.float64)
    grouped = Conv("c", weight, torch.ones(4).double(), padding=(1, 1), groups=2)
    full = replace(grouped, weight=grouped.blocks(weight), groups=1)
    errors = torch.rand(1, 4, 5, 5, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(grouped.through(errors), full.through(errors), rtol=1e-12, atol=0.0)
    assert grouped.support_reach(errors[0]) == pytest.approx(full.support_reach(errors[0]))
    assert architecture_of(Network((4, 5, 5), (Stage(grouped),))).stages[0].degree == 18


@pytest.mark.parametrize("name", ["relu", "line", "parts"])
def test_the_source_as_a_module_under_the_mask_is_the_ticket(name: str) -> None:
    made, ticket = built(name, "plus-one")
    module, x = ticket.source_module(), inputs(made.network).float()
    masks = ticket.mask_dict()
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            assert parameter.shape == masks[key].shape
            parameter.mul_(masks[key])
        assert torch.equal(module(x), ticket.module("dense")(x))


@pytest.mark.parametrize("name", ["relu", "parts"])
def test_failures_as_rows_name_parameters_of_the_grouped_weight(name: str) -> None:
    """With few samples much fails: a row has the place in torch's own tensor, and the sum that the mask has."""
    make, shape = NETS[name]
    made = Construction(randomised(make()), (-1.0, 1.0), Recipe("plus-one", 5, 0.01), input_shape=shape)
    ticket = made.build(1, Search("error"))
    rows = ticket.failure_rows()
    assert len(rows) == len(ticket.failures) > 50
    for row in rows:
        affine = made.network.stages[row["stage"]].affine
        tensor = affine.bias if row["kind"] == "bias" else affine.weight
        if row["kind"] in ("weight", "bias"):
            assert float(tensor[row["index"]]) == pytest.approx(row["target"])
        assert abs(row["target"] - row["nearest"]) == pytest.approx(row["error"], rel=1e-6, abs=1e-9)
