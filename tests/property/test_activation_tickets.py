"""Every activation of the table, dense and convolutional, both constructions: error <= certificate <= eps.

The same check (``attack <= bound <= eps``) then has to catch constructions that are broken on purpose.
"""

import dataclasses

import pytest
import torch
from torch import nn

from sltk.certify.adversary import sup_error
from sltk.certify.intervals import Box
from sltk.construct.methods.plus_one import PlusOne
from sltk.construct.methods.roles import SourcePlan
from sltk.construct.pools import solve_stage as solve_stage_module
from sltk.construct.pools.samples import ConstantPool, constant_pools
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from tests.construct.building import build_ticket

TABLE = (
    "relu", "leaky_relu(0.2)", "tanh", "sigmoid", "softplus", "gelu",
    "silu", "elu(1.0)", "selu", "mish", "softsign", "erf", "hardtanh(-1.0, 1.0)", "relu6",
)  # fmt: skip
EPS = 0.1


class Elementwise(nn.Module):
    """An activation of the table as a module that the reader takes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return activation(self.name)(x)


def target(kind: str, name: str, seed: int = 0) -> Network:
    """A random two-layer target with biases, weights in [-0.6, 0.6], and zero padding where it is convolutional."""
    generator = torch.Generator().manual_seed(seed)
    if kind == "dense":
        layers, shape = [nn.Linear(3, 4), nn.Linear(4, 2)], (3,)
    else:
        layers, shape = [nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)], (1, 5, 5)
    with torch.no_grad():
        for parameter in [p for layer in layers for p in layer.parameters()]:
            parameter.copy_(torch.rand(parameter.shape, generator=generator) * 1.2 - 0.6)
    network = read(nn.Sequential(layers[0], nn.ReLU(), layers[1]), shape)
    first = dataclasses.replace(
        network.stages[0], after=(dataclasses.replace(network.stages[0].after[0], activation=activation(name)),)
    )
    return Network(network.input_shape, (first, network.stages[1]))


def build(network: Network, method: str, seed: int = 7):
    """A ticket for ``network``, asked for by its sup error."""
    return build_ticket(network, method=method, n=24, seed=seed, domain=(-1.0, 1.0), eps=EPS)


def attack(ticket, network: Network) -> float:
    """A lower bound of the true sup error, in float64."""
    module = ticket.module("dense").double()
    box = Box(-1.0, 1.0)
    return sup_error(network, module, box, restarts=16, steps=25, seed=1, shape=network.input_shape).error


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("name", TABLE)
def test_attack_below_certificate_below_eps(name: str, kind: str, method: str) -> None:
    network = target(kind, name)
    ticket = build(network, method)
    found = attack(ticket, network)
    assert found <= ticket.certificate.bound <= EPS, f"{found} {ticket.certificate}"
    # In float32 the intercepts of softplus round away what the worst case of a convolution leaves of the input; such a
    # ticket is proved in real arithmetic, and must not be called so.
    rounded = (name, kind) == ("softplus", "conv")
    assert ticket.findings().rounded_away == rounded
    assert ticket.succeeded != rounded


def caught(ticket, network: Network) -> bool:
    """Whether the check of this file refuses the ticket."""
    return not attack(ticket, network) <= ticket.certificate.bound <= EPS


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_a_missing_one_plus_a_is_caught(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """LeakyReLU's two sums must aim at theta / (1 + a); here they aim at theta."""
    honest = solve_stage_module.sides

    def forgetful(source, role):
        found = honest(source, role)
        if role.sides != "split":
            return found
        return [dataclasses.replace(s, sum=dataclasses.replace(s.sum, slope=1.0)) for s in found]

    network = target(kind, "leaky_relu(0.2)")
    assert not caught(build(network, "two-layer"), network)
    monkeypatch.setattr(solve_stage_module, "sides", forgetful)
    assert caught(build(network, "two-layer"), network)


@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_an_ignored_intercept_is_caught(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The constants ``d sum v`` of a stage must join its biases; here they are left out."""
    honest = solve_stage_module.solve_biases

    def forgetful(source, role, task, progress, mass):
        honest(source, role, task, progress, mass * 0.0)

    network = target(kind, name)
    monkeypatch.setattr(solve_stage_module, "solve_biases", forgetful)
    assert caught(build(network, "plus-one"), network)


def padding_in_the_combining_layer(plan: SourcePlan) -> SourcePlan:
    """Move the zero padding from the univariate layer to the combining one, as published code has it."""
    layers = list(plan.layers)
    for role in plan.roles:
        if role.first is not None:
            padding = layers[role.first].padding
            layers[role.first] = dataclasses.replace(layers[role.first], padding=(0, 0))
            layers[role.combine] = dataclasses.replace(layers[role.combine], padding=padding)
    return dataclasses.replace(plan, layers=tuple(layers))


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_an_intercept_ignored_at_the_border_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the image nothing changes; at the border the padding is 0 instead of phi(0)."""
    network = target("conv", name)
    honest = PlusOne.plan
    monkeypatch.setattr(PlusOne, "plan", lambda *arguments: padding_in_the_combining_layer(honest(*arguments)))
    assert caught(build(network, "plus-one"), network)


@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_an_overwritten_bias_is_caught(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The constants are what the source's own biases give; here they are taken to be 1, as if overwritten."""

    def ones(source, role, phase) -> list[ConstantPool]:
        found = constant_pools(source, role, phase)
        return [dataclasses.replace(pool, values=pool.values * 0 + 1.0) for pool in found]

    network = target(kind, name)
    monkeypatch.setattr(solve_stage_module, "constant_pools", ones)
    assert caught(build(network, "plus-one"), network)


def test_the_absolute_value_is_refused() -> None:
    """``m_+ + m_- = 0``: no sum of univariate neurons is odd, so the hypothesis fails and the error says so."""
    from sltk.networks.activations.characterise import characterise

    with pytest.raises(SltkError, match=r"m_\+ \+ m_-"):
        characterise(torch.abs, "abs")
