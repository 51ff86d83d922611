"""Enclosures of outputs at points, norms of maps, and certificates of one run."""

from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.local import points
from sltk.certify.local.points import Points
from sltk.certify.local.spectral import affine_norm, matrix_norm, step_norm
from sltk.networks.affine import Affine
from sltk.networks.network import Network, Stage
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.conv1d import Conv1d
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool
from sltk.networks.ops.upsample import Upsample
from tests.construct.building import build_ticket
from tests.construct.test_small_nets import CASES, built, inputs


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


AFFINE: list[tuple[Affine, tuple[int, ...]]] = [
    (Linear("l", draw(5, 7), draw(5)), (7,)),
    (Conv("c", draw(3, 2, 3, 3), draw(3), padding=(1, 1)), (2, 6, 5)),
    (Conv("s", draw(3, 2, 3, 2), draw(3), (2, 1), (1, 0), (1, 2)), (2, 7, 6)),
    (Conv("g", draw(4, 2, 3, 3), draw(4), (1, 1), (2, 2), groups=2), (4, 4, 4)),
    (Conv1d("d", draw(3, 2, 3), draw(3), (1, 2), (0, 1)), (2, 9)),
]


def matrix(affine: Affine, shape: tuple[int, ...]) -> Tensor:
    basis = torch.eye(int(torch.Size(shape).numel()), dtype=torch.float64).reshape(-1, *shape)
    return affine.correlate(affine.kernel, basis).flatten(1).T


@pytest.mark.parametrize(("affine", "shape"), AFFINE)
def test_norms_of_maps_are_bounds_and_near(affine: Affine, shape: tuple[int, ...]) -> None:
    exact = float(torch.linalg.matrix_norm(matrix(affine, shape), 2))
    found = affine_norm(affine, shape)
    assert exact <= found <= 1.35 * exact  # a torus is larger than the image
    assert 0.9 * found < exact or affine.geometry.padding != (0, 0) or found > exact  # of a linear map it is the norm


def test_the_norm_of_a_matrix_is_close() -> None:
    a = draw(40, 30, seed=3)
    exact = float(torch.linalg.matrix_norm(a, 2))
    assert exact <= matrix_norm(a) <= 1.03 * exact
    assert matrix_norm(torch.zeros(2, 2).double()) == 0.0
    assert matrix_norm(a) > float(torch.linalg.matrix_norm(0.999 * a, 2))


@pytest.mark.parametrize(
    "op", [AvgPool((2, 2), (2, 2)), AvgPool((3, 3), (1, 1)), Flatten(), Upsample((2, 2)), MaxPool((3, 3), (2, 2))]
)
def test_norms_of_steps_are_bounds(op: Any) -> None:
    bound, worst = step_norm(op, (2, 6, 6)), 0.0
    for seed in range(30):
        x, y = draw(1, 2, 6, 6, seed=seed), draw(1, 2, 6, 6, seed=seed)
        y[0, 0, seed % 6, seed % 5] += 0.3
        worst = max(worst, float((op(x) - op(y)).norm() / (x - y).norm()))
    assert worst <= bound
    assert bound <= 3 * worst or isinstance(op, AvgPool)


def deep(layers: int) -> Network:
    stages = [Stage(Linear(str(i), draw(6, 6, seed=i) * 0.6, draw(6, seed=90 + i))) for i in range(layers)]
    return Network((6,), tuple(stages))


def exact_outputs(network: Network, x: Tensor) -> list[Fraction]:
    values = [Fraction(v) for v in x.tolist()]
    for stage in network.stages:
        rows = zip(stage.affine.weight.tolist(), stage.affine.bias.tolist(), strict=True)
        values = [sum((Fraction(w) * v for w, v in zip(row, values, strict=True)), Fraction(b)) for row, b in rows]
    return values


def outside(network: Network, x: Tensor) -> int:
    found = Points.of(network).outputs(x)
    return sum(
        not Fraction(low) <= value <= Fraction(high)
        for row in range(len(x))
        for low, value, high in zip(
            found.low[row].tolist(), exact_outputs(network, x[row]), found.high[row].tolist(), strict=True
        )
    )


def test_exact_outputs_lie_within_and_not_without_the_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    network, x = deep(6), draw(10, 6, seed=5)
    assert outside(network, x) == 0
    monkeypatch.setattr(points, "norm", lambda x: torch.zeros(len(x), dtype=torch.float64))
    monkeypatch.setattr(points, "up", lambda x: x)
    assert outside(network, x) > 30  # negative control


@pytest.mark.parametrize(("name", "method"), CASES)
def test_one_run_is_held_against_the_target(name: str, method: str) -> None:
    one = built(name, method)
    assert one.target is not None
    x = 0.9 * inputs(one.target, 6).float()
    found = one.observe(x)
    with torch.no_grad():
        error = (one.module()(x).double() - one.target(x.double())).abs().flatten(1).amax(1)
    assert bool((found.errors >= error * (1 - 1e-9)).all())
    assert bool((found.errors <= error + 1e-9).all())
    assert bool((found.leads > -1e-9).all())  # equal outputs have none


def test_another_answer_is_not_proved() -> None:
    """Negative control: a ticket of one network beside another."""
    torch.manual_seed(0)
    one, other = (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3)) for _ in range(2))
    made = {"domain": (-1.0, 1.0), "input_shape": (3,), "seed": 2, "method": "two-layer", "n": 18, "param_eps": 0.02}
    ticket = build_ticket(one, **made)
    x = torch.rand(60, 3, generator=torch.Generator().manual_seed(1)) * 2 - 1
    honest = ticket.observe(x)
    assert honest.share > 0.8
    found = ticket.with_target(other).observe(x)
    same = honest.answers == found.answers
    assert int((~same).sum()) > 0
    assert not bool((found.proved & ~same).any() & honest.proved.all())
    assert found.mean_error > 10 * honest.mean_error
