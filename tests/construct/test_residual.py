"""Tickets of networks with skips: built, certified, checked bit for bit, and broken on purpose."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from sltk.certify.adversary import sup_error
from sltk.certify.intervals import Box
from sltk.construct import load, save
from sltk.construct.architecture import architecture_of, from_json, to_json
from sltk.networks.activations.characterise import characterise
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform
from sltk.verify.bits import compare_bits
from tests.construct.building import build_ticket
from tests.networks.test_wiring import Post

SHAPE = (2, 6, 6)
BOX = Box(-1.0, 1.0)


def target(phi: type[nn.Module], seed: int = 0):
    torch.manual_seed(seed)
    module = Post(phi)
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(torch.rand(tensor.shape) - 0.5)
    return read(module, SHAPE)


def build(network, **changes):
    settings = {"method": "plus-one", "n": 24, "seed": 1, "domain": BOX, "param_eps": 0.005, "law": Uniform(2.0)}
    return build_ticket(network, **(settings | changes))


@pytest.fixture(scope="module", params=[nn.ReLU, nn.Sigmoid, nn.Tanh], ids=lambda phi: phi.__name__)
def built(request):
    network = target(request.param)
    return network, build(network)


def test_bound_attack_and_layouts_agree(built):
    """Dense and sparse are one function; what an attack finds lies below the certificate; nothing fails."""
    network, ticket = built
    assert ticket.reached
    assert ticket.worst_parameter_error <= 0.005
    dense, sparse = ticket.module("dense"), ticket.module("sparse")
    x = torch.rand(8, *SHAPE, dtype=torch.float64) * 2 - 1
    # In float64: with masses of thousands, the order of a sum shows in float32.
    torch.testing.assert_close(dense.double()(x), copy.deepcopy(sparse).double()(x), rtol=1e-9, atol=1e-9)
    attack = sup_error(network, copy.deepcopy(sparse).double(), BOX, shape=SHAPE, restarts=2, steps=3)
    assert attack.error <= ticket.certificate.bound


def test_every_kept_weight_is_the_sources(built, tmp_path):
    _, ticket = built
    found = compare_bits(ticket, ticket.module("sparse"))
    assert found.passed
    assert found.compared + found.unread == ticket.sizes.kept


def test_a_file_gives_the_same_ticket_and_the_same_bytes(built, tmp_path):
    network, ticket = built
    save(ticket, tmp_path / "one")
    loaded = load(tmp_path / "one", network)
    save(loaded, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_file_gives_the_same_certificate(tmp_path):
    network = target(nn.ReLU)
    ticket = build(network)
    save(ticket, tmp_path / "one")
    assert load(tmp_path / "one", network).certificate.bound == ticket.certificate.bound


def test_both_ways_around_a_block_keep_the_constants_that_they_use(built):
    """Two stages read the constants of one layer: the biases that either needs are kept."""
    _, ticket = built
    names = [stage.name for stage in ticket.architecture.stages]
    roles = [ticket.plan.roles[names.index(name)] for name in ("three", "short")]
    assert roles[0].below == roles[1].below
    for role in roles:
        assert role.constants is not None
        if role.constants.intercept:
            continue
        channel = (ticket.masks[role.combine].weight // role.inner) % role.channels
        used = np.unique(channel[channel >= role.inputs * role.copies_in]) - role.inputs * role.copies_in
        assert np.isin(role.constants.start + used, ticket.masks[role.below].bias).all()


class Small(nn.Module):
    """One block of two neurons."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([[0.9, 0.1], [-0.2, 0.4]]))
            self.second.weight.copy_(torch.tensor([[0.3, -0.2], [0.1, 0.5]]))
            self.third.weight.copy_(torch.tensor([[0.8, -0.7]]))
            for layer in (self.first, self.second, self.third):
                layer.bias.fill_(0.2)

    def forward(self, x):
        x = torch.tanh(self.first(x))
        return self.third(torch.tanh(self.second(x) + x))


def test_a_skip_joined_to_another_neuron_breaks_the_certificate():
    """Negative control: the sum takes neuron j + 1 where it should take neuron j."""
    network = read(Small(), (2,))
    ticket = build(network, n=28, param_eps=1e-5)
    right, wrong = ticket.module("dense").double(), ticket.module("dense").double()
    with torch.no_grad():
        for name, origin in wrong.named_buffers():
            if name.startswith("from_"):
                origin.copy_(origin.roll(28))
    x = torch.rand(200, 2, dtype=torch.float64) * 2 - 1
    truth, bound = network(x), ticket.certificate.bound
    assert float((right(x) - truth).abs().max()) <= bound
    assert float((wrong(x) - truth).abs().max()) > bound


def test_the_source_does_not_depend_on_the_target():
    one, two = build(target(nn.ReLU, 0), n=6), build(target(nn.ReLU, 5), n=6)
    for index, layer in enumerate(one.source.layers):
        assert layer == two.source.layers[index]
        assert (one.source.weight(index) == two.source.weight(index)).all()


def test_architecture_goes_through_json():
    architecture = architecture_of(target(nn.Tanh))
    record = to_json(architecture)
    assert from_json(record, {}) == architecture  # pyright: ignore[reportArgumentType]
    chain = architecture_of(read(nn.Linear(2, 2), (2,)))
    assert "reads" not in to_json(chain)["stages"][0]  # pyright: ignore[reportArgumentType, reportCallIssue, reportIndexIssue, reportOptionalSubscript]


class Isru(nn.Module):
    """A user's own activation: ``x / sqrt(1 + x^2)``."""

    def forward(self, x):
        return x / torch.sqrt(1.0 + x * x)


class Mixed(Post):
    """A skip over three kinds of activation."""

    def forward(self, x):
        x = torch.sigmoid(self.stem(x))
        x = torch.tanh(self.two(self.own(self.one(x))) + x)
        return self.short(x)


@pytest.mark.parametrize("first", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
def test_activations_mix_and_the_sources_first_is_another(method, first):
    """The source's univariate layers have an activation that need not be the target's."""
    torch.manual_seed(3)
    module = Mixed(nn.ReLU)
    module.own = Isru()
    known = {Isru: characterise(Isru(), "isru")}
    ticket = build_ticket(
        module, method=method, n=28, seed=2, domain=(-1.0, 1.0), input_shape=SHAPE, param_eps=0.01, law=Uniform(3.0),
        activations=known, first_activation=first, objective="error",
    )  # fmt: skip
    assert ticket.reached
    x = torch.rand(20, *SHAPE, dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        error = (ticket.module().double()(x) - module.double()(x)).abs().max()
    assert 0.0 < float(error) <= ticket.certificate.bound
