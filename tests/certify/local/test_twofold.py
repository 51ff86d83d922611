"""Target and ticket at points in real arithmetic, against rationals and many digits."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import torch
from mpmath import matrix, mp, mpf
from torch import Tensor, nn

from sltk.certify.local.twofold import TwofoldMap, TwofoldNetwork
from sltk.construct.certified.twofold import is_float32
from sltk.construct.ticket import StrongTicket
from sltk.core.numerics.twofold import Twofold
from sltk.networks.network import Network, Stage
from sltk.networks.ops.linear import Linear
from tests.construct.building import build_ticket
from tests.construct.test_small_nets import CASES, built, inputs


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


def deep(layers: int) -> Network:
    """Linear layers of large weights, so that float64 is lost in the last of them."""
    return Network(
        (6,), tuple(Stage(Linear(str(i), 8 * draw(6, 6, seed=i), draw(6, seed=90 + i))) for i in range(layers))
    )


def outside(network: Network, x: Tensor) -> int:
    """How many exact outputs lie outside of what is said of them."""
    box, count = TwofoldNetwork.of(network)(x).interval, 0
    for row in range(len(x)):
        values = [Fraction(v) for v in x[row].tolist()]
        for stage in network.stages:
            rows = zip(stage.affine.weight.tolist(), stage.affine.bias.tolist(), strict=True)
            values = [
                sum((Fraction(w) * v for w, v in zip(line, values, strict=True)), Fraction(b)) for line, b in rows
            ]
        for low, value, high in zip(box.low[row].tolist(), values, box.high[row].tolist(), strict=True):
            count += not Fraction(low) <= value <= Fraction(high)
    return count


def test_exact_outputs_lie_within() -> None:
    network, x = deep(12), draw(10, 6, seed=5)
    assert outside(network, x) == 0
    found = TwofoldNetwork.of(network)(x)
    assert float((found.off / found.high.abs()).median()) < 1e-12


def lossy_at(stage: int) -> Network:
    """Six layers that change nothing but one."""
    layers = [Linear(str(i), torch.eye(6).double(), torch.zeros(6).double()) for i in range(6)]
    layers[stage] = Linear("lossy", 8 * draw(6, 6), draw(6, seed=90))
    return Network((6,), tuple(map(Stage, layers)))


@pytest.mark.parametrize("stage", [0, 3, 5])
def test_the_rounding_of_each_stage_is_counted_and_cannot_be_left_out(
    stage: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, x = lossy_at(stage), draw(10, 6, seed=5)
    share = TwofoldNetwork.of(network).stages[stage].map._share
    charged: Fraction = Fraction(share)

    def only(self: TwofoldMap) -> float:
        return share if self.layer.kept == 36 else 0.0

    monkeypatch.setattr(Twofold, "interval", property(Ends))
    monkeypatch.setattr(TwofoldMap, "_share", property(only))
    assert outside(network, x) == 0
    monkeypatch.setattr(TwofoldMap, "_share", property(lambda self: 0.0))
    assert outside(network, x) > 30  # negative control
    assert 0 < charged < Fraction(1, 10**29)


class Ends:
    """``high + low -+ off`` as rationals: float64 would widen them."""

    def __init__(self, found: Twofold) -> None:
        high, low, off = (part.tolist() for part in found)
        spare = Fraction(2.0**-800)  # pays for underflow, not for rounding
        self.low, self.high = (
            [Side([Fraction(a) + Fraction(b) + side * (Fraction(o) - spare) for a, b, o in zip(*row, strict=True)])
             for row in zip(high, low, off, strict=True)]
            for side in (-1, 1)
        )  # fmt: skip


class Side(list[Fraction]):
    """What has a ``tolist``, as tensors have."""

    def tolist(self) -> list[Fraction]:
        return self


@cache
def sigmoid_ticket() -> StrongTicket:
    torch.manual_seed(1)
    phi = nn.Sigmoid()
    net = nn.Sequential(nn.Linear(3, 4), phi, nn.Linear(4, 4), phi, nn.Linear(4, 3))
    return build_ticket(net, domain=(-1.0, 1.0), input_shape=(3,), seed=2, method="plus-one", n=18, param_eps=0.02)


def digits(layers: Sequence[Any], row: Tensor) -> list[mpf]:
    """Sparse layers with sigmoids between them, to 80 digits."""
    x = matrix([mpf(v) for v in row.tolist()])
    for number, layer in enumerate(layers):
        x = matrix(layer.weight.double().tolist()) * x + matrix(layer.bias.double().tolist())
        x = x if number == len(layers) - 1 else x.apply(lambda v: 1 / (1 + mp.exp(-v)))
    return list(x)


def test_a_ticket_of_sigmoids_is_where_it_is_said_to_be_and_float64_is_not() -> None:
    one = sigmoid_ticket()
    module = one.module("sparse")
    layers = [part for part in module.modules() if hasattr(part, "kept")]
    x = inputs_of(6)
    assert one.twofold is not None
    found = one.twofold(x)
    double = module.double()(x.double())
    far = 0
    with mp.workdps(80):
        for row in range(len(x)):
            parts = (part[row].tolist() for part in (found.high, found.low, found.off, double))
            for a, b, off, other, wanted in zip(*parts, digits(layers, x[row]), strict=True):
                assert abs(mpf(a) + mpf(b) - wanted) <= off < 1e-18
                far += abs(mpf(other) - wanted) > off
    assert far > 9  # negative control


def inputs_of(rows: int) -> Tensor:
    return torch.rand(rows, 3, generator=torch.Generator().manual_seed(8)) * 2 - 1


def test_points_are_bounded_as_closely_as_they_can_be() -> None:
    one = sigmoid_ticket()
    assert one.target is not None
    x = inputs_of(40)
    found = one.certify(x, 0.0)
    with torch.no_grad():
        error = (one.target(x.double()) - one.module("sparse").double()(x.double())).abs().amax(1)
    torch.testing.assert_close(found.errors, error, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_it_is_never_behind_intervals(name: str, method: str) -> None:
    one = built(name, method)
    assert one.target is not None
    x = 0.9 * inputs(one.target, 2).float()
    found, other = one.certify(x, 0.0), replace(one.local, exactly=None).certify(x, 0.0)
    assert bool((found.errors <= other.errors * (1 + 1e-9) + 1e-12).all())
    assert bool((found.proved >= other.proved).all())
    if name.endswith("GELU"):
        assert found.mean_error < 0.3 * other.mean_error  # copies taken for one another's adversaries


def test_rows_that_stay_open_are_left_to_intervals() -> None:
    """A ticket of which nothing is known but its own intervals: the better of both is said."""
    one = sigmoid_ticket()
    x = inputs_of(5)

    def vague(rows: Tensor) -> Twofold:
        assert one.twofold is not None
        found = one.twofold(rows)
        return Twofold(
            found.high, found.low, found.off + torch.tensor([0.0, 10.0, 0.0, float("nan"), 0.0])[: len(rows), None]
        )

    alone, other = one.certify(x, 0.0), replace(one.local, exactly=None).certify(x, 0.0)
    found = replace(one.local, exactly=vague).certify(x, 0.0)
    assert torch.equal(found.errors[[0, 2, 4]], alone.errors[[0, 2, 4]])
    assert torch.equal(found.errors[[1, 3]], other.errors[[1, 3]])
    assert torch.equal(found.proved, alone.proved & (other.proved | torch.tensor([True, False, True, False, True])))


def test_numbers_that_float32_does_not_have_are_left_to_intervals() -> None:
    assert is_float32(draw(3).float().double().numpy())
    assert not is_float32((draw(3) * (1 + 2.0**-40)).numpy())
    one, x = sigmoid_ticket(), inputs_of(3)
    other = replace(one)
    object.__setattr__(other, "twofold", None)
    found = other.certify(x, 0.0)
    assert torch.equal(found.errors, replace(one.local, exactly=None).certify(x, 0.0).errors)
    assert not torch.equal(found.errors, one.certify(x, 0.0).errors)
