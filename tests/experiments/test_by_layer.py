"""A ticket taken apart layer by layer: what is measured of its layers is what runs."""

import torch
from torch import nn

from experiments.by_layer.study import errors_by_layer
from sltk.certify.propagate import certify
from sltk.construct import Recipe
from sltk.construct.construction import Construction
from tests.construct.block_nets import SHAPE, Ended, PreActivationBlock, randomised


def test_the_last_layer_is_off_as_the_ticket_is_and_no_layer_more_than_is_proved():
    network, recipe = (
        randomised(Ended(PreActivationBlock(2, 2, 1, nn.Tanh))),
        Recipe("two-layer", 14, 0.05, law="uniform(2.0)"),
    )
    ticket = Construction(network, (-1.0, 1.0), recipe, input_shape=SHAPE).build(1)
    assert ticket.target is not None
    x = torch.rand(20, *SHAPE, dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        found = errors_by_layer(ticket, x)
        off = float((ticket.module("sparse").double()(x) - ticket.target(x)).abs().max())
    proved = certify(ticket.target, ticket.domain, ticket.realised).layers
    assert found[-1]["largest_error"] == off > 0.0
    for measured, bound in zip(found, proved, strict=True):
        assert 0.0 < measured["largest_error"] <= bound.leaving
