"""Fully connected layers under the contract."""

from collections.abc import Iterator
from fractions import Fraction

import torch.nn.functional as F
from torch import nn

from sltk.networks.affine import Affine
from sltk.networks.op import Op
from sltk.networks.ops.linear import Linear
from tests.networks.ops.affine_contract import AffineContract
from tests.networks.ops.contract import Exact, Example, Shape, Spelled, normal


def plain(seed: int, rows: int, columns: int) -> Linear:
    return Linear(f"linear{seed}", normal(seed, rows, columns), normal(seed + 1, rows))


class TestLinear(AffineContract):
    def examples(self) -> list[Example]:
        sparse = Linear("sparse", normal(5, 3, 4) * (normal(6, 3, 4) > 0), normal(7, 3))
        return [Example(plain(1, 3, 4), (4,)), Example(plain(3, 1, 9), (9,)), Example(sparse, (4,))]

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        assert isinstance(op, Linear)
        return [
            sum((Fraction(w) * x[i,] for i, w in enumerate(row)), Fraction(b))
            for row, b in zip(op.weight.tolist(), op.bias.tolist(), strict=True)
        ]

    def taps(self, op: Affine, shape: Shape) -> Iterator[tuple[tuple[int, ...], int, int, int | None]]:
        for row in range(op.weight.shape[0]):
            for column in range(op.weight.shape[1]):
                yield (row,), column, column, column

    def spelled(self) -> list[Spelled]:
        module, bare = nn.Linear(4, 3).double(), nn.Linear(4, 2, bias=False).double()
        weight, bias, alone = module.weight.detach(), module.bias.detach(), bare.weight.detach()
        return [
            Spelled(Linear("", weight, bias), (4,), module, lambda x: F.linear(x, weight, bias=bias)),
            Spelled(Linear("", alone, normal(0, 2) * 0), (4,), bare, lambda x: F.linear(x, alone)),
        ]


def test_pixels_of_a_flattened_channel_stand_together() -> None:
    assert Linear.grouped(12, 1, 3) == (3, 4)
    assert Linear.grouped(12, 1, None) == (12, 1)
    assert Linear.univariate(3, 4) == (12, 1)
