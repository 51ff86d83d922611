"""Ticket layers equal torch's own layers with the effective weight."""

import copy
import io

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sltk.core.errors import SltkError
from sltk.train.tickets.layers import TicketConv2d, TicketLinear
from sltk.train.tickets.ticket import Ticket


def ticket(*shape: int, seed: int = 0, trainable: bool = False) -> Ticket:
    generator = torch.Generator().manual_seed(seed)
    c = torch.randn(shape, generator=generator)
    return Ticket(c, torch.rand(shape, generator=generator) < 0.6, trainable=trainable)


def test_linear_applies_the_effective_tensors() -> None:
    layer, x = TicketLinear(ticket(5, 4), ticket(5, seed=1)), torch.randn(3, 4, generator=torch.manual_seed(2))
    assert (layer.in_features, layer.out_features) == (4, 5)
    weight = layer.weight_ticket
    expected = F.linear(x, weight.coefficients * weight.mask, layer.bias)
    assert torch.equal(layer(x), expected)
    assert not torch.equal(layer(x), F.linear(x, weight.coefficients, layer.bias))
    assert TicketLinear(ticket(5, 4)).bias is None


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": (1, 2), "dilation": 2}])
def test_conv_applies_the_effective_tensors_and_options(options: dict) -> None:
    layer = TicketConv2d(ticket(4, 3, 3, 2), ticket(4, seed=1), **options)
    x = torch.randn(2, 3, 9, 8, generator=torch.manual_seed(2))
    dense = nn.Conv2d(3, 4, (3, 2), **options)
    with torch.no_grad():
        dense.weight.copy_(layer.weight)
        dense.bias.copy_(layer.bias)
    assert torch.equal(layer(x), dense(x))
    for name in ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"):
        assert getattr(layer, name) == getattr(dense, name)


def test_runs_in_float64_after_double() -> None:
    layer = TicketConv2d(ticket(4, 3, 3, 3), ticket(4)).double()
    assert layer(torch.ones(1, 3, 5, 5, dtype=torch.float64)).dtype == torch.float64


def test_gradient_reaches_trainable_coefficients_through_the_gate() -> None:
    layer = TicketLinear(ticket(5, 4, trainable=True))
    layer(torch.ones(2, 4)).sum().backward()
    grad = layer.weight_ticket.coefficients.grad
    assert grad is not None
    assert torch.equal(grad, 2.0 * layer.weight_ticket.gate)


def test_copies_and_files() -> None:
    model, x = (
        nn.Sequential(TicketLinear(ticket(5, 4), ticket(5)), nn.ReLU(), TicketLinear(ticket(2, 5))),
        torch.ones(1, 4),
    )
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    other = nn.Sequential(TicketLinear(ticket(5, 4, seed=8), ticket(5)), nn.ReLU(), TicketLinear(ticket(2, 5, seed=9)))
    assert not torch.equal(other(x), model(x))
    other.load_state_dict(model.state_dict(), strict=True)
    for twin in (copy.deepcopy(model), torch.load(file, weights_only=False), other):
        assert torch.equal(twin(x), model(x))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: TicketLinear(ticket(5)), "weight.*out, in"),
        (lambda: TicketConv2d(ticket(5, 4)), "weight.*out, in, kh, kw"),
        (lambda: TicketLinear(ticket(5, 4), ticket(4)), "bias.*5"),
        (lambda: TicketConv2d(ticket(5, 4, 1, 1), stride=0), "stride=0"),
        (lambda: TicketConv2d(ticket(5, 4, 1, 1), padding=(1, -1)), "padding"),
        (lambda: TicketConv2d(ticket(5, 4, 1, 1), dilation=(1, 1, 1)), "dilation"),
        (lambda: TicketConv2d(ticket(5, 4, 1, 1), stride=1.5), "stride=1.5"),
    ],
)
def test_bad_arguments_are_named(make, named: str) -> None:
    with pytest.raises(SltkError, match=named):
        make()
