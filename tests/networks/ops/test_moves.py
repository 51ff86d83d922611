"""Steps that move pixels about, under the contract: upsampling, and zeros between pixels."""

from fractions import Fraction
from itertools import product

import pytest
import torch.nn.functional as F
from torch import nn

from sltk.core.errors import SltkError
from sltk.networks.op import Op
from sltk.networks.ops.spread import Spread
from sltk.networks.ops.upsample import Upsample
from sltk.networks.reading.read import read
from tests.networks.ops.contract import Exact, Example, Shape, Spelled, StepContract


class TestUpsample(StepContract):
    def examples(self) -> list[Example]:
        return [
            Example(Upsample((2, 3)), (2, 2, 3)),
            Example(Upsample((2,)), (2, 3)),
            Example(Upsample((1, 1)), (1, 2, 2)),
        ]

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        assert isinstance(op, Upsample)
        sides = [size * factor for size, factor in zip(shape[1:], op.factors, strict=True)]
        return [
            x[(channel, *(p // f for p, f in zip(place, op.factors, strict=True)))]
            for channel, *place in product(range(shape[0]), *map(range, sides))
        ]

    def spelled(self) -> list[Spelled]:
        return [
            Spelled(
                Upsample((2, 2)), (1, 3, 2), nn.Upsample(scale_factor=2), lambda x: F.interpolate(x, scale_factor=2.0)
            ),
            Spelled(
                Upsample((2, 3)), (1, 3, 2), nn.UpsamplingNearest2d((6, 6)),
                lambda x: F.interpolate(x, (6, 6), mode="nearest-exact"),
            ),
            Spelled(Upsample((3,)), (2, 3), nn.Upsample(9), lambda x: F.interpolate(x, scale_factor=3)),
        ]  # fmt: skip


class TestSpread(StepContract):
    def examples(self) -> list[Example]:
        return [
            Example(Spread((2, 3), (1, 0)), (2, 2, 3)), Example(Spread((1, 1), (0, 1)), (1, 2, 2)),
            Example(Spread((1, 1)), (1, 2, 2)),
        ]  # fmt: skip

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        assert isinstance(op, Spread)
        sides = [(n - 1) * s + 1 + e for n, s, e in zip(shape[1:], op.spacing, op.beyond, strict=True)]
        found = dict.fromkeys(product(range(shape[0]), *map(range, sides)), Fraction(0))
        for (channel, row, column), value in x.items():  # type: ignore[misc]  # an image
            found[(channel, row * op.spacing[0], column * op.spacing[1])] = value
        return list(found.values())

    def spelled(self) -> list[Spelled]:
        return []  # by transposed convolutions, which are more than this


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.Upsample(scale_factor=2, mode="bilinear"), "mode='bilinear'.*Use mode='nearest'"),
        (nn.Upsample(scale_factor=1.5), "whole factors"),
        (nn.Upsample(size=(4, 5)), "whole factors"),
        (nn.Upsample(scale_factor=0.5), "whole factors"),
    ],
)
def test_other_ways_to_upsample_are_refused(module: nn.Module, reason: str) -> None:
    with pytest.raises(SltkError, match=reason):
        read(nn.Sequential(nn.Conv2d(1, 1, 1), module), (1, 2, 2))
