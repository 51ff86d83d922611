"""Expansions in deviations of slopes: no difference leaves its range, and norms are above every choice of signs."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.adversary import sup_error
from sltk.certify.boxes.batch import Boxes
from sltk.certify.boxes.pair import stage_matrices
from sltk.certify.boxes.search import Budget
from sltk.certify.deviations import cube_norm as norms
from sltk.certify.deviations import expansion, gates
from sltk.certify.deviations.certify import WAY, deviated
from sltk.certify.deviations.cube_norm import cube_norm
from sltk.certify.deviations.expansion import Expansion
from sltk.certify.deviations.gates import Gate
from sltk.certify.deviations.shape import shapes_of
from sltk.certify.differential.split import refined
from sltk.construct.ticket import StrongTicket
from sltk.core.numerics.intervals import Interval
from sltk.networks.network import run
from tests.construct.building import build_ticket
from tests.property.test_certify import EVALUATION, Case, build

NAMES = ("tanh", "sigmoid", "gelu", "softplus", "silu", "softsign")


def largest(matrix: Tensor) -> float:
    """By trying all signs of the rows; those of the columns follow."""
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=matrix.shape[0])), dtype=torch.float64)
    return float((signs @ matrix).abs().sum(1).max())


def random_matrices(seed: int) -> list[Tensor]:
    """Of several shapes and of few directions, some with rows or columns of zeros and of very different sizes."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for rows, columns in ((1, 5), (4, 1), (3, 3), (8, 40), (10, 6)):
        for rank in (1, 2, 10):
            own = [torch.randn(count, rank, generator=generator, dtype=torch.float64) for count in (rows, columns)]
            matrix = own[0] @ own[1].T
            matrix[0] *= 0.0 if rank == 2 else 1e3
            matrix[:, -1] *= 1e-6
            found.append(matrix)
    return found


def test_norms_are_above_every_choice_of_signs() -> None:
    for seed in range(4):
        for matrix in random_matrices(seed):
            assert largest(matrix) <= float(cube_norm(matrix)) <= float(matrix.abs().sum()) * (1 + 1e-12)


def test_norms_of_many_rows_of_random_signs_are_far_below_the_sum_of_sizes() -> None:
    matrix = torch.randn(2, 40, 400, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = cube_norm(matrix)
    assert bool((found < 0.3 * matrix.abs().sum((1, 2))).all())
    assert torch.allclose(found, torch.stack([cube_norm(one) for one in matrix]), rtol=1e-9)


def test_a_norm_that_is_too_small_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: with the root of a Frobenius norm for the norm, some choice of signs is above."""
    real = norms.largest
    monkeypatch.setattr(norms, "largest", lambda *given: real(*given)._replace(log=real(*given).log / 2))
    assert any(largest(one) > float(cube_norm(one)) for one in random_matrices(0))


def test_zeros_have_norm_zero() -> None:
    assert float(cube_norm(torch.zeros(3, 4, dtype=torch.float64))) < 1e-190


def bound(case: Case) -> Tensor:
    found = deviated(case.network, case.box, case.realised())
    assert found is not None
    assert found.per_output is not None
    return found.per_output


def seen(case: Case, seed: int, count: int = 2000) -> Tensor:
    """Largest error of every output at points of the box, its corners and the worst that an attack finds."""
    x = points(case, seed, count)
    worst = sup_error(case.network, case.ticket, case.box, shape=case.network.input_shape, restarts=4, steps=12).input
    x = torch.cat((x, worst[None]))
    apart = (case.ticket(x) - case.network(x)).abs()
    return apart.amax(0)


def points(case: Case, seed: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    box = case.box.on(case.network.input_shape)
    share = torch.rand(count, *case.network.input_shape, generator=generator, dtype=torch.float64)
    share[::3] = share[::3].round()
    return torch.minimum(box.low + share * (box.high - box.low), box.high)


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
@pytest.mark.parametrize("name", NAMES)
def test_no_error_of_a_random_ticket_leaves_its_bound(name: str, method: str) -> None:
    for seed, noise in ((0, 0.02), (1, 0.3)):
        case = build(seed, "dense", name, method, noise=noise)
        assert bool((seen(case, seed) <= bound(case) + EVALUATION).all())


class Skipped(nn.Module):
    """A block around which a skip leads."""

    def __init__(self, phi: nn.Module) -> None:
        super().__init__()
        self.stem, self.one, self.two, self.end = (nn.Linear(*size) for size in ((5, 20), (20, 20), (20, 20), (20, 2)))
        self.phi = phi

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 5)`` to ``(batch, 2)``."""
        x = self.phi(self.stem(x))
        return self.end(self.phi(self.two(self.phi(self.one(x))) + x))


def skipped(phi: nn.Module, method: str, seed: int = 4) -> StrongTicket:
    torch.manual_seed(seed)
    return build_ticket(Skipped(phi), domain=(-1.0, 1.0), input_shape=(5,), seed=seed, n=16, param_eps=0.02,
                        method=method)  # fmt: skip


@pytest.mark.parametrize("phi", [nn.Tanh(), nn.Softplus()])
def test_copies_around_a_skip_are_bounded_more_closely(phi: nn.Module) -> None:
    """Above what an attack finds, and below planes, where slopes are taken neuron by neuron."""
    ticket = skipped(phi, "plus-one")
    assert ticket.target is not None
    found = deviated(ticket.target, ticket.domain, ticket.realised)
    assert found is not None
    assert found.per_output is not None
    planes = torch.full((2,), torch.inf, dtype=torch.float64)
    other = refined(ticket.target, ticket.domain, ticket.realised, planes, Budget(work=3e8))
    attack = sup_error(ticket.target, ticket.module("sparse").double(), ticket.domain, shape=(5,), restarts=6)
    assert other is not None
    assert other.per_output is not None
    assert attack.error <= float(found.per_output.max()) < 0.85 * float(other.per_output.max())


def leaving(case: Case, seed: int, count: int = 2000) -> float:
    """By how much a difference at an affine output leaves its range; below 0 where none does."""
    stages = stage_matrices(case.network, case.realised())
    assert stages is not None
    ends = case.box.on(case.network.input_shape)
    boxes = Boxes(stages, ends.low.reshape(1, -1), ends.high.reshape(1, -1))
    boxes.relax()
    shapes, _ = shapes_of(stages, boxes.values[0].target.low.shape[1], 1e12)
    found = Expansion(boxes, shapes)
    assert found.errors() is not None
    truth, most = points(case, seed, count), -1.0
    ticket = truth
    for index, (stage, layer) in enumerate(zip(case.network.stages, case.layers, strict=True)):
        y, own, known = stage.affine(truth), layer(ticket), found._range(index)
        copies = own.reshape(len(y), -1, y.shape[1]).transpose(1, 2)
        d = (y[..., None] - copies).flatten(1)
        most = max(most, float((d - known.high).max()), float((known.low - d).max()))
        truth, ticket = run(stage.after, y), run(stage.after, own)
    return most


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
@pytest.mark.parametrize("name", ["tanh", "softplus", "sigmoid"])
def test_no_difference_leaves_its_range(name: str, method: str) -> None:
    for seed in range(4):
        assert leaving(build(seed, "dense", name, method, noise=0.3), seed) <= EVALUATION


def _without_rests(gate: Gate) -> Gate:
    nothing = torch.zeros_like(gate.rest.low)
    return replace(gate, rest=Interval(nothing, nothing))


def _without_deviations(gate: Gate) -> Gate:
    return replace(gate, deviation=torch.zeros_like(gate.deviation))


def _without_open_lines(gate: Gate) -> Gate:
    return replace(gate, open=Interval(torch.zeros_like(gate.open.low), torch.zeros_like(gate.open.high)))


BROKEN: dict[str, Callable[[Gate], Gate]] = {
    "tanh": _without_rests, "softplus": _without_deviations, "sigmoid": _without_open_lines,
}  # fmt: skip


@pytest.mark.parametrize(("name", "broken"), BROKEN.items(), ids=("rests", "deviations", "lines"))
def test_what_is_left_out_is_caught(
    name: str, broken: Callable[[Gate], Gate], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The negative control: of some cases a difference leaves its range."""
    real = gates.gate_of

    def wrong(*given: Any) -> Gate | None:
        found = real(*given)
        return None if found is None else broken(found)

    monkeypatch.setattr(expansion, "gate_of", wrong)
    assert any(leaving(build(seed, "dense", name, "plus-one", noise=0.3), seed) > 1e-4 for seed in range(4))


def test_networks_that_it_does_not_take() -> None:
    """Copies with kinks, and an activation at the end."""
    kinks = build(0, "dense", "relu", "plus-one", noise=0.1)
    assert deviated(kinks.network, kinks.box, kinks.realised()) is None
    torch.manual_seed(0)
    ends = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), nn.Tanh())
    ticket = build_ticket(ends, domain=(0.0, 1.0), input_shape=(2,), seed=1, n=14, param_eps=0.05, method="plus-one")
    assert ticket.target is not None
    assert deviated(ticket.target, ticket.domain, ticket.realised) is None


def test_work_beyond_its_limit_is_said() -> None:
    case = build(0, "dense", "tanh", "plus-one", noise=0.1)
    found = deviated(case.network, case.box, case.realised(), work=1.0)
    assert found is not None
    assert found.per_output is None
    assert "limit" in found.text


@pytest.mark.usefixtures("bisecting_certificates")
def test_the_certificate_names_the_way() -> None:
    assert WAY in [way.name for way in skipped(nn.Tanh(), "two-layer").certificate.ways]
