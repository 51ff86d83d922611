"""Certificates around inputs and over the domain hold for every layer, activation and method that a ticket may have.

A new layer gets a line in ``LAYERS``; activations are those of the table, and one of a user's own.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.certify.differential.certify import Limits, relaxation
from sltk.certify.local.certificates import LocalCertifier
from sltk.certify.propagate import certify
from sltk.certify.realised import Realised
from sltk.certify.signed import Signed
from sltk.construct.ticket import StrongTicket
from sltk.networks.activations.characterise import characterise
from sltk.networks.activations.table import TABLE, activation
from sltk.networks.network import Network
from sltk.networks.ops.act import Act
from sltk.networks.reading.read import read
from tests.certify.local.test_local import broken
from tests.construct.block_nets import randomised
from tests.construct.building import build_ticket

METHODS = ("plus-one", "two-layer")
ROUNDING = 1e-9
LIMITS = Limits(work=5e7)


class Bent(nn.Module):
    """A user's own activation: smooth, not in the table."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.atan(x) + 0.5


class Block(nn.Module):
    """A strided stem, a block around which its input goes on, and a readout."""

    def __init__(self, join: Callable[[Tensor, Tensor], Tensor], shortcut: nn.Module, width: int) -> None:
        super().__init__()
        self.stem, self.one, self.two = nn.Conv2d(1, 2, 2), nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(width, 1, 2)
        self.join, self.shortcut, self.end = join, shortcut, nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        x = F.relu(self.join(self.one(x), self.shortcut(x)))
        return self.end(self.two(x).flatten(1))


def plain(*middle: nn.Module, inputs: int) -> nn.Module:
    """Layers between a convolution and a readout."""
    return nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), *middle, nn.Flatten(), nn.Linear(inputs, 2))


def dense(phi: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), phi, nn.Linear(3, 3), phi, nn.Linear(3, 2))


IMAGE = (1, 5, 5)
LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: dense(nn.ReLU()), (2,)),
    "stride": (lambda: plain(nn.Conv2d(2, 2, 2, stride=2), nn.ReLU(), inputs=8), IMAGE),
    "padding": (lambda: plain(nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), inputs=32), IMAGE),
    "dilation": (lambda: plain(nn.Conv2d(2, 2, 2, dilation=2), nn.ReLU(), inputs=8), IMAGE),
    "groups": (lambda: plain(nn.Conv2d(2, 4, 2, groups=2), nn.ReLU(), nn.Conv2d(4, 2, 2), inputs=8), IMAGE),
    "maximum": (lambda: plain(nn.MaxPool2d(2), nn.Conv2d(2, 2, 1), nn.ReLU(), inputs=8), IMAGE),
    "average": (lambda: plain(nn.AvgPool2d(2), nn.Conv2d(2, 2, 1), nn.ReLU(), inputs=8), IMAGE),
    "skip": (lambda: Block(torch.add, nn.Identity(), 2), (1, 4, 4)),
    "projection": (lambda: Block(torch.add, nn.Conv2d(2, 2, 1), 2), (1, 4, 4)),
    "concatenation": (lambda: Block(lambda a, b: torch.cat([a, b], 1), nn.Identity(), 4), (1, 4, 4)),
}


def acting(name: str) -> Network:
    """A dense network whose two activations are ``name``."""
    network = read(randomised(dense(nn.Identity())), (2,))
    steps = [(Act(activation(name)),)] * 2 + [()]
    stages = [replace(stage, after=after) for stage, after in zip(network.stages, steps, strict=True)]
    return replace(network, stages=tuple(stages))


@cache
def built(kind: str, method: str) -> StrongTicket:
    """The ticket of a layer of ``LAYERS``, or of an activation."""
    settings = {"seed": 2, "method": method, "n": 16, "param_eps": 0.05, "domain": (-1.0, 1.0)}
    if kind in LAYERS:
        make, shape = LAYERS[kind]
        return build_ticket(randomised(make()), input_shape=shape, **settings)
    if kind == "own":
        own = {Bent: characterise(Bent(), "bent")}
        return build_ticket(randomised(dense(Bent())), input_shape=(2,), activations=own, **settings)
    return build_ticket(acting(kind), **settings)


def points(network: Network, rows: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(rows, *network.input_shape, generator=generator, dtype=torch.float64) * 1.8 - 0.9


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [*LAYERS, *(name for name in TABLE if name != "identity"), "own"])
def test_no_sample_leaves_a_bound(kind: str, method: str) -> None:
    """Nor do answers differ where they are proved the same; where errors are left out, some sample refutes."""
    one = built(kind, method)
    assert one.target is not None
    x = points(one.target, 12)
    for radius in (0.0, 0.1):
        assert broken(one, x, radius, one.certify(x, radius), torch.float64) == []
    assert broken(one, x, 0.0, by_intervals(one).certify(x, 0.0), torch.float64) == []
    samples = torch.cat([points(one.target, 200) / 0.9, points(one.target, 100).sign()])
    with torch.no_grad():
        errors = (one.target(samples) - one.module("sparse").double()(samples)).abs().amax(0)
    found = relaxation(one.target, one.domain, one.realised, LIMITS).per_output
    assert found is not None
    for bound in (found, certify(one.target, one.domain, one.realised).per_output):
        assert bool((errors <= bound + ROUNDING).all())
    wrong = replace(one)
    object.__setattr__(wrong, "realised", [exact(known) for known in one.realised])
    assert "errors" in broken(one, x, 0.0, by_intervals(wrong).certify(x, 0.0), torch.float64)  # negative control


def by_intervals(one: StrongTicket) -> LocalCertifier:
    """Local certificates that take points for balls of radius 0."""
    return replace(one.local, exactly=None)


def exact(known: Realised) -> Realised:
    """The same as if the ticket's parameters were the target's, and its univariate neurons had no curvature."""
    values = {f.name: getattr(known, f.name) for f in fields(known)}  # pyright: ignore
    none = {name: Signed.exact(torch.zeros_like(one.value)) for name, one in values.items() if isinstance(one, Signed)}
    none |= {name: torch.zeros_like(one) for name, one in values.items() if name == "remainder"}
    return replace(known, **none)  # pyright: ignore
