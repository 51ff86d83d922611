"""A strong ticket in the hand: what it holds, what it refuses, and that it never pretends."""

import copy
import io
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct.realise import decode
from sltk.core.errors import SltkError
from sltk.networks.activations.characterise import characterise
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform
from tests.construct.building import build_ticket

METHODS = ("plus-one", "two-layer")


def randomise(module: nn.Module, seed: int) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) * 1.6 - 0.8)
    return module


def pooled_target(activation: type[nn.Module] = nn.ReLU, seed: int = 0) -> Network:
    """Convolutions with padding and stride, both kinds of pooling, a flatten, a linear layer."""
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1, stride=2), activation(), nn.MaxPool2d(2, 1),
        nn.Conv2d(2, 2, 3, padding=1), nn.AvgPool2d(2), activation(), nn.Flatten(), nn.Linear(2, 2),
    )  # fmt: skip
    return read(randomise(module, seed), (1, 6, 6))


def build(network: Network, method: str = "plus-one", **changes):
    settings = {"n": 20, "seed": 11, "domain": (-1.0, 1.0), "param_eps": 0.01, "law": Uniform(2.0)} | changes
    return build_ticket(network, method=method, **settings)


@pytest.mark.parametrize("objective", ["error", "cardinality", "mass", "weighted"])
@pytest.mark.parametrize("method", METHODS)
def test_every_parameter_within_tolerance_in_exact_rationals(method: str, objective: str) -> None:
    """Re-sum the kept source weights of every parameter as fractions: each is within its tolerance."""
    network = pooled_target()
    ticket = build(network, method, objective=objective)
    assert ticket.reached, list(ticket.failures)
    tolerance = Fraction(0.01) * (1 + Fraction(1, 10**9))
    for role, stage in zip(ticket.plan.roles, network.stages, strict=True):
        kept = decode(ticket.source, role, ticket.masks[role.combine].weight)
        sums = effective_parameters(ticket, role, kept)
        weight = stage.affine.weight.numpy().reshape(role.outputs, role.inputs, role.inner)
        for j, i, s in np.ndindex(*weight.shape):
            for k in range(role.copies_out):
                got = sums.get((k, j, i, s), Fraction(0))
                assert abs(got - Fraction(float(weight[j, i, s]))) <= tolerance


def effective_parameters(ticket, role, kept) -> dict[tuple[int, int, int, int], Fraction]:
    """``sum v`` or ``sum v w`` over w > 0, by copy and parameter (the activation is ReLU)."""
    incoming: dict[int, float] = {}
    if role.first is not None:
        flat = ticket.masks[role.first].weight
        values = ticket.source.weights(role.first, flat)
        incoming = dict(zip((flat // role.inputs).tolist(), values.tolist(), strict=True))
    sums: dict[tuple[int, int, int, int], Fraction] = {}
    for v, j, k, channel, s in zip(kept.value, kept.j, kept.k, kept.channel, kept.s, strict=True):
        i = int(channel) // role.copies_in
        if i >= role.inputs:
            continue
        w = incoming[int(channel)] if role.first is not None else 1.0
        if w > 0:
            place = (int(k), int(j), i, int(s))
            sums[place] = sums.get(place, Fraction(0)) + Fraction(float(v)) * Fraction(w)
    return sums


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid])
@pytest.mark.parametrize("method", METHODS)
def test_dense_and_sparse_agree_and_stay_within_the_certificate(method: str, activation: type[nn.Module]) -> None:
    network = pooled_target(activation)
    ticket = build(network, method, n=22)
    x = torch.rand(40, *network.input_shape, dtype=torch.float64) * 2 - 1
    dense, sparse = ticket.module("dense").double(), ticket.module("sparse").double()
    chosen = ticket.module().double()
    with torch.no_grad():
        assert torch.allclose(dense(x), sparse(x), atol=1e-9)
        assert torch.allclose(dense(x), chosen(x), atol=1e-9)
        assert float((dense(x) - network(x)).abs().max()) <= ticket.certificate.bound
    assert ticket.certificate.bound <= ticket.a_priori.bound


@pytest.mark.parametrize("layout", ["auto", "dense", "sparse"])
def test_the_module_is_ordinary(layout: str) -> None:
    """It survives deepcopy, a strict state_dict round trip, and torch.save."""
    ticket = build(pooled_target())
    module, x = ticket.module(layout), torch.rand(3, 1, 6, 6)
    twin = copy.deepcopy(module)
    fresh = ticket.module(layout)
    fresh.load_state_dict(module.state_dict(), strict=True)
    buffer = io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=False)
    with torch.no_grad():
        assert all(torch.equal(module(x), other(x)) for other in (twin, fresh, loaded))
    assert not any(p.requires_grad for p in module.parameters())


def test_masked_weights_are_source_weights_bit_for_bit() -> None:
    ticket = build(pooled_target())
    module = ticket.module("dense")
    layers = [part for part in module if hasattr(part, "weight_ticket")]
    for index, (part, mask) in enumerate(zip(layers, ticket.masks, strict=True)):
        source = torch.from_numpy(ticket.source.weight(index)).float()
        kept = torch.from_numpy(mask.dense(ticket.source.layers[index]))
        assert torch.equal(part.weight[kept].view(torch.int32), source[kept].view(torch.int32))
        assert int((part.weight != 0).sum()) == mask.weight.size


def test_six_samples_do_not_pretend() -> None:
    """With n = 6 pools miss their targets; each miss is listed, and the ticket says that it failed."""
    ticket = build(pooled_target(), n=6)
    assert len(ticket.failures) > 0
    assert not ticket.reached
    assert all(f.error > f.tolerance for f in ticket.failures)
    assert ticket.worst_parameter_error >= max(f.error for f in ticket.failures)


def test_the_same_call_gives_the_same_mask() -> None:
    first, second = build(pooled_target()), build(pooled_target())
    for a, b in zip(first.masks, second.masks, strict=True):
        assert np.array_equal(a.weight, b.weight)
        assert np.array_equal(a.bias, b.bias)


def test_zeros_stay_zero_and_cost_nothing() -> None:
    """A target without parameters keeps nothing but what absorbs intercepts, here nothing at all."""
    module = randomise(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)), 0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    ticket = build(read(module, (2,)))
    assert ticket.sizes.kept == 0
    assert ticket.reached
    assert float(ticket.module("sparse")(torch.ones(1, 2)).abs().max()) == 0.0


def test_an_exact_zero_of_the_target_keeps_no_weight() -> None:
    network = pooled_target()
    network.stages[0].affine.weight[1] = 0.0
    ticket = build(network)
    role = ticket.plan.roles[0]
    kept = decode(ticket.source, role, ticket.masks[role.combine].weight)
    assert not np.any((kept.j == 1) & (kept.channel < role.inputs * role.copies_in))


def test_nonnegative_inputs_need_one_sum() -> None:
    """On a domain without negative inputs a kinked first layer solves half of the problems."""
    both = build(pooled_target(), "two-layer")
    one = build(pooled_target(), "two-layer", domain=(0.0, 1.0))
    assert one.problems < both.problems
    x = torch.rand(30, 1, 6, 6, dtype=torch.float64)
    with torch.no_grad():
        error = float((one.module("dense").double()(x) - pooled_target()(x)).abs().max())
    assert error <= one.certificate.bound


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"param_eps": None}, "param_eps"),
        ({"eps": 0.1}, "exactly one"),
        ({"objective": "fastest"}, "objective"),
        ({"method": "three"}, "method"),
        ({"n": 0}, "n must"),
        ({"domain": (1.0, -1.0)}, "low"),
        ({"domain": (float("nan"), 1.0)}, "finite"),
        ({"biases": False}, "bias"),
        ({"seed": -1}, "seed"),
        ({"prune_below": -0.5}, "prune_below"),
    ],
)
def test_bad_arguments_are_named(changes, word) -> None:
    settings = {"method": "plus-one", **changes}
    with pytest.raises(SltkError, match=word):
        build(pooled_target(), **settings)


def test_a_kernel_without_interior_tap_is_refused() -> None:
    """Padding 2 of a 3 x 3 kernel leaves no tap inside the image, so deeper biases have no carrier."""
    module = randomise(nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Conv2d(1, 1, 3, padding=2)), 0)
    network = read(module, (1, 5, 5))
    with pytest.raises(SltkError, match="no tap stays inside"):
        build(network)
    assert build(network, "two-layer", n=22).reached


def test_an_average_that_counts_its_padding_is_refused() -> None:
    module = randomise(nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.AvgPool2d(2, padding=1), nn.Conv2d(1, 1, 2)), 0)
    network = read(module, (1, 6, 6))
    with pytest.raises(SltkError, match="average pool"):
        build(network)
    assert build(network, "two-layer", n=22).reached


class Bent(nn.Module):
    """A user's own activation: smooth, with an intercept, not in the table."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.atan(x) + 0.5


@pytest.mark.parametrize("method", METHODS)
def test_a_users_own_activation(method: str) -> None:
    """Characterised numerically, built like any other; its certificate rests on the measured constants."""
    own = characterise(Bent(), "bent")
    module = randomise(nn.Sequential(nn.Linear(2, 3), Bent(), nn.Linear(3, 2)), 1)
    settings = {"n": 22, "seed": 3, "domain": (-1.0, 1.0), "param_eps": 0.01}
    ticket = build_ticket(module, method=method, input_shape=(2,), activations={Bent: own}, **settings)
    assert ticket.reached
    x = torch.rand(200, 2, dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        error = float((ticket.module("sparse").double()(x) - module.double()(x)).abs().max())
    assert error <= ticket.certificate.bound
