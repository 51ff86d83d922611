"""Pools over several scales: small samples for small parameters, so that copies stay together through depth."""

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct import load, save
from sltk.construct.methods.scales import Scales
from sltk.core.errors import SltkError
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform
from tests.construct.building import build_ticket

EXPONENTS = (1, 0, -1, -2)


def deep(layers: int = 10, width: int = 6) -> Network:
    """A chain of sigmoid layers, weights of size up to 1/2."""
    generator = torch.Generator().manual_seed(0)
    parts: list[nn.Module] = []
    for index in range(layers):
        layer = nn.Linear(2 if index == 0 else width, width)
        with torch.no_grad():
            for tensor in layer.parameters():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)
        parts += [layer, nn.Sigmoid()]
    return read(nn.Sequential(*parts, nn.Linear(width, 1)), (2,))


def built(network: Network, **changes):
    settings = {
        "method": "plus-one",
        "n": 24,
        "seed": 1,
        "domain": (-1.0, 1.0),
        "param_eps": 0.002,
        "objective": "mass",
    }
    return build_ticket(network, **(settings | {"law": Uniform(4.0)} | changes))


def worst(network: Network, ticket) -> float:
    x = torch.rand(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.no_grad():
        return float((ticket.module().double()(x) - network(x)).abs().max())


def test_samples_are_spread_in_equal_parts():
    assert Scales(0, 0, (0,), EXPONENTS).spread(10, 3) == [(3, 4), (3, 3), (2, 2), (2, 1)]
    assert Scales(0, 0, (0,)).spread(10, 3) == [(10, 3)]
    assert Scales(0, 0, (0,), EXPONENTS).spread(2, 0) == [(1, 1), (1, 0)]


def test_errors_grow_less_with_depth_than_with_one_scale():
    """The same tolerance, the same largest scale: what differs is how much the copies' errors are amplified."""
    network = deep()
    plain, spread = built(network), built(network, law=Uniform(2.0), scale_exponents=EXPONENTS)
    assert spread.reached
    assert plain.worst_parameter_error <= 0.01  # a bias or two miss the tolerance by a little
    mass = [np.median(np.asarray(ticket.realised[5].selected.sum(axis=1))) for ticket in (plain, spread)]
    assert mass[1] < 0.5 * mass[0]
    assert worst(network, spread) < 0.5 * worst(network, plain)
    assert spread.certificate.bound < plain.certificate.bound
    assert worst(network, spread) <= spread.certificate.bound <= spread.a_priori.bound


def test_every_weight_has_the_scale_of_its_place():
    ticket = built(deep(2), n=8, scale_exponents=EXPONENTS, bias_exponent=2)
    layer = ticket.source.layers[ticket.plan.roles[1].combine]
    assert layer.column_factors[:8].tolist() == [2.0, 2.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    assert layer.column_factors[-8:].tolist() == [8.0, 8.0, 4.0, 4.0, 2.0, 2.0, 1.0, 1.0]


def test_a_file_keeps_the_exponents(tmp_path):
    network = deep(2)
    for spread in (EXPONENTS, (0,)):
        ticket = built(network, n=10, scale_exponents=spread)
        save(ticket, tmp_path / "ticket")
        again = load(tmp_path / "ticket", network)
        assert again.recipe == ticket.recipe
        assert again.certificate.bound == ticket.certificate.bound
        assert again.recipe.record()["scale_exponents"] == list(spread)


@pytest.mark.parametrize("spread", [(), (0.5,), (31,)])
def test_what_is_no_exponents_is_refused(spread):
    with pytest.raises(SltkError, match="whole exponents of two"):
        built(deep(2), n=6, scale_exponents=spread)
