"""Bounds by multipliers: no error of a ticket leaves them, nor a neuron its strip, whatever the multipliers are."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.adversary import sup_error
from sltk.certify.differential.certify import relaxation
from sltk.certify.multipliers import ascent, certify, columns
from sltk.certify.multipliers.certify import multiplied
from sltk.certify.multipliers.chain import chain_of
from sltk.certify.multipliers.columns import Columns, Strip
from sltk.certify.realised import Realised
from sltk.construct.ticket import StrongTicket
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.table import activation
from tests.construct.building import build_ticket
from tests.property.test_certify import EVALUATION, Case, build

NAMES = ("tanh", "sigmoid", "gelu", "softplus", "leaky_relu(0.1)")


def bound(case: Case, realised: list[Realised] | None = None) -> Tensor:
    found = multiplied(case.network, case.box, case.realised() if realised is None else realised)
    assert found is not None
    assert found.per_output is not None
    return found.per_output


def seen(case: Case, seed: int, count: int = 3000) -> Tensor:
    """Largest error of every output at points of the box, its corners and the worst that an attack finds."""
    generator = torch.Generator().manual_seed(seed)
    box = case.box.on(case.network.input_shape)
    share = torch.rand(count, *case.network.input_shape, generator=generator, dtype=torch.float64)
    share[::3] = share[::3].round()
    x = torch.minimum(box.low + share * (box.high - box.low), box.high)
    worst = sup_error(case.network, case.ticket, case.box, shape=case.network.input_shape, restarts=4, steps=12).input
    x = torch.cat((x, worst[None]))
    return (case.ticket(x) - case.network(x)).abs().amax(0)


@pytest.mark.parametrize("name", [name for name in NAMES if "relu" not in name])
def test_no_error_of_a_random_ticket_leaves_its_bound(name: str) -> None:
    for seed in range(2):
        case = build(seed, "dense", name, "two-layer", noise=(0.02, 0.3)[seed])
        assert bool((seen(case, seed) <= bound(case) + EVALUATION).all())


def pooled(phi: nn.Module) -> nn.Module:
    """A small reader of images, with average pooling."""
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), phi, nn.AvgPool2d(2), nn.Conv2d(2, 2, 2), phi, nn.Flatten(), nn.Linear(2, 2)
    )


def reader(phi: nn.Module, seed: int = 3) -> StrongTicket:
    torch.manual_seed(seed)
    target = pooled(phi)
    with torch.no_grad():
        for parameter in target.parameters():
            parameter *= 2.5  # so that slopes differ over the box
    return build_ticket(
        target, domain=(0.0, 1.0), input_shape=(1, 4, 4), seed=seed, n=16, param_eps=0.02, method="two-layer"
    )


@pytest.mark.parametrize("phi", [nn.Tanh(), nn.GELU()])
def test_a_built_ticket_with_pooling_is_bounded_more_closely(phi: nn.Module) -> None:
    """The bound is above what an attack finds, and below that of lines: curves, pools and tilted strips included."""
    ticket = reader(phi)
    assert ticket.target is not None
    found = multiplied(ticket.target, ticket.domain, ticket.realised)
    lines = relaxation(ticket.target, ticket.domain, ticket.realised).per_output
    attack = sup_error(ticket.target, ticket.module("sparse").double(), ticket.domain, shape=(1, 4, 4), restarts=6)
    assert found is not None
    assert found.per_output is not None
    assert lines is not None
    assert attack.error <= float(found.per_output.max()) < 0.9 * float(lines.max())


@pytest.mark.usefixtures("bisecting_certificates")
def test_the_certificate_names_the_way() -> None:
    ticket = reader(nn.Tanh())
    assert "multipliers" in [way.name for way in ticket.certificate.ways]


def test_any_multipliers_give_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a search that goes astray make bounds worse, never wrong."""
    case = build(1, "dense", "tanh", "two-layer", noise=0.3)
    close = bound(case)
    monkeypatch.setattr(ascent, "FIRST", 30.0)
    monkeypatch.setattr(ascent, "LAST", 30.0)
    astray = bound(case)
    assert bool((seen(case, 1) <= astray + EVALUATION).all())
    assert float(astray.max()) > 2 * float(close.max())


def strip() -> Strip:
    """Arguments of four neurons, the last of one value alone; differences that rise and fall with them."""
    y = Interval(torch.tensor([-3.0, -1.0, 0.5, 0.2]).double(), torch.tensor([2.0, 4.0, 0.8, 0.2]).double())
    tilts = torch.tensor([[0.0] * 4, [0.05, -0.04, 0.3, 0.0]]).double()
    low = torch.tensor([[-0.3, -0.2, -0.1, 0.1], [-0.15, -0.1, -0.3, 0.1]]).double()
    return Strip(y, tilts, Interval(low, low.abs() + 0.02))


def held(found: Columns, name: str, curves: tuple[columns.Curve, ...]) -> float:
    """By how much functions at random arguments and differences of a strip exceed their bounds; below 0 where none."""
    phi, where, generator = activation(name), strip(), torch.Generator().manual_seed(5)
    k, rows = 1 + len(curves), 60
    draws = torch.randn(2 * k + 2, rows, 4, generator=generator, dtype=torch.float64)
    draws[k : 2 * k, ::2], draws[-1, ::2] = 0.0, 0.0  # the functions alone, in every other row
    best, _ = found.above(list(draws))
    y = where.y.low + torch.rand(4000, 4, generator=generator).double() * (where.y.high - where.y.low)
    ends = where.tilted.low[:, None] + where.tilts[:, None] * y, where.tilted.high[:, None] + where.tilts[:, None] * y
    low, high = ends[0].amax(0), ends[1].amin(0)
    share = torch.rand(4000, 4, generator=generator).double()
    share[::2] = share[::2].round()
    d, there = low + share * (high - low), low <= high
    values, moved = [phi(y)], [phi(y - d)]
    for curve, order in curves:
        for own in (values, moved):
            x = own[0]
            own.append({"odd": x * x.abs() ** (order - 1), "even": x.abs() ** order, "fold": x.abs()}[curve])
    total = -draws[2 * k][:, None] * y - draws[2 * k + 1][:, None] * d
    for index, (one, other) in enumerate(zip(values, moved, strict=True)):
        total = total + draws[index][:, None] * one + draws[k + index][:, None] * (one - other)
    total = torch.where(there, total, -torch.inf)
    return float((total.amax(1) - best).max())


CURVES = {"none": (), "odd": (("odd", 3),), "all": (("fold", 1), ("odd", 2), ("even", 2))}


@pytest.mark.parametrize("curves", CURVES.values(), ids=CURVES)
@pytest.mark.parametrize("name", NAMES)
def test_columns_are_above_their_neurons(name: str, curves: tuple[columns.Curve, ...]) -> None:
    found = Columns.of(activation(name), strip(), curves, 6)
    assert held(found, name, curves) <= 1e-12


def _without_bends(found: Columns) -> Columns:
    table, k = found.table.clone(), found.functions
    table[:, k : 2 * k] = 0.0
    return replace(found, table=table)


def _one_slope(found: Columns) -> Columns:
    table, k = found.table.clone(), found.functions
    middle = (table[:, 2 * k : 3 * k] + table[:, 3 * k : 4 * k]) / 2
    table[:, 2 * k : 3 * k], table[:, 3 * k : 4 * k] = middle, middle
    return replace(found, table=table)


def _wrong_sign(found: Columns) -> Columns:
    table = found.table.clone()
    table[:, -1] = -table[:, -1]
    return replace(found, table=table)


BROKEN: dict[str, Callable[[Columns], Columns]] = {
    "no bends": _without_bends, "one slope a cell": _one_slope, "a sign": _wrong_sign,
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_broken_columns_are_caught(broken: Callable[[Columns], Columns]) -> None:
    """The negative control of the test above."""
    assert held(broken(Columns.of(activation("tanh"), strip(), (), 6)), "tanh", ()) > 1e-4


def test_errors_that_are_left_out_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the whole: without what a slack or a bend of the ticket adds, points leave the bound."""
    case = build(1, "dense", "tanh", "two-layer", noise=0.02)
    real = certify.spare_of
    monkeypatch.setattr(certify, "spare_of", lambda *given: replace(real(*given), d=torch.zeros_like(real(*given).d)))
    assert bool((seen(case, 1) > bound(case)).any())


def test_other_networks_are_declined() -> None:
    """Copies, and steps that are not linear."""
    copies = build(0, "dense", "tanh", "plus-one", noise=0.1)
    assert chain_of(copies.network, copies.realised()) is None
    torch.manual_seed(0)
    maxima = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2, 2))
    ticket = build_ticket(
        maxima, domain=(0.0, 1.0), input_shape=(1, 3, 3), seed=1, n=14, param_eps=0.05, method="two-layer"
    )
    assert ticket.target is not None
    assert multiplied(ticket.target, ticket.domain, ticket.realised) is None


def test_work_beyond_its_limit_is_said() -> None:
    case = build(0, "dense", "tanh", "two-layer", noise=0.1)
    found = multiplied(case.network, case.box, case.realised(), work=1.0)
    assert found is not None
    assert found.per_output is None
    assert "limit" in found.text
