"""Networks as others write them are read, and built by both constructions."""

import copy

import pytest
import torch

from sltk.certify.adversary import sup_error
from sltk.certify.intervals import Box
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform
from sltk.verify.bits import compare_bits
from tests.construct.block_nets import NETWORKS
from tests.construct.building import build_ticket

BOX = Box(-1.0, 1.0)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_read_is_what_torch_computes(name):
    make, shape = NETWORKS[name]
    module = make().double()
    x = torch.randn(4, *shape, dtype=torch.float64)
    torch.testing.assert_close(read(module, shape)(x), module(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_built_and_certified(name, method):
    """Every parameter reached, every kept weight the source's, errors found by an attack below the certificate."""
    make, shape = NETWORKS[name]
    network = read(make(), shape)
    ticket = build_ticket(
        network, method=method, n=22, seed=2, domain=BOX, param_eps=0.01, law=Uniform(2.0), objective="error"
    )
    assert ticket.reached
    module = ticket.module("sparse")
    found = compare_bits(ticket, module)
    assert found.passed
    assert found.compared + found.unread == ticket.sizes.kept
    attack = sup_error(network, copy.deepcopy(module).double(), BOX, shape=shape, restarts=2, steps=3)
    assert 0.0 < attack.error <= ticket.certificate.bound
    x = torch.rand(4, *shape, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(ticket.module("dense").double()(x), module.double()(x), rtol=1e-8, atol=1e-8)
