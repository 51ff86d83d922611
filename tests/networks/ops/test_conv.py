"""Convolutions under the contract."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.affine import Affine
from sltk.networks.op import Op
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.spread import Spread
from tests.networks.ops.affine_contract import AffineContract
from tests.networks.ops.contract import Exact, Example, Shape, Spelled, normal, slot


def plain(seed: int, shape: tuple[int, int, int, int], **geometry: tuple[int, int]) -> Conv:
    return Conv(f"conv{seed}", normal(seed, *shape), normal(seed + 1, shape[0]), **geometry)


class TestConv(AffineContract):
    def examples(self) -> list[Example]:
        return [
            Example(plain(1, (2, 2, 3, 2), padding=(1, 0), stride=(2, 1)), (2, 5, 4)),
            Example(plain(3, (1, 2, 2, 2), dilation=(2, 1), padding=(1, 1)), (2, 4, 3)),
            Example(plain(5, (3, 1, 1, 1)), (1, 2, 2)),
            Example(replace(plain(7, (4, 1, 2, 2), padding=(1, 0)), groups=2), (2, 3, 3)),
            Example(replace(plain(9, (2, 2, 1, 2)), groups=2), (4, 2, 3)),
        ]

    def taps(self, op: Affine, shape: Shape) -> Iterator[tuple[tuple[int, ...], int, int, int | None]]:
        assert isinstance(op, Conv)
        rows, channels, *kernel = op.weight.shape
        spans = [
            (size + 2 * p - d * (k - 1) - 1) // s + 1
            for size, k, s, p, d in zip(shape[1:], kernel, op.stride, op.padding, op.dilation, strict=True)
        ]
        for row, up, left in product(range(rows), *map(range, spans)):
            first = row // (rows // op.groups) * channels
            for parameter, (own, *tap) in enumerate(product(range(channels), *map(range, kernel))):
                channel = first + own
                seen = [
                    slot(pixel, t, s, p, d, size)
                    for pixel, t, s, p, d, size in zip(
                        (up, left), tap, op.stride, op.padding, op.dilation, shape[1:], strict=True
                    )
                ]
                inside = seen[0] is not None and seen[1] is not None
                place = (channel * shape[1] + (seen[0] or 0)) * shape[2] + (seen[1] or 0)
                yield (row, up, left), parameter, channel, place if inside else None

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        assert isinstance(op, Conv)
        flat, weight = list(x.values()), op.weight.flatten(1).tolist()
        sums: dict[tuple[int, ...], Fraction] = {}
        for output, parameter, _, place in self.taps(op, shape):
            sums.setdefault(output, Fraction(float(op.bias[output[0]])))
            if place is not None:
                sums[output] += Fraction(weight[output[0]][parameter]) * flat[place]
        return list(sums.values())

    def spelled(self) -> list[Spelled]:
        module = nn.Conv2d(2, 4, (3, 2), (2, 1), (1, 0), (1, 2), groups=2).double()
        same = nn.Conv2d(1, 2, 3, padding="same", bias=False).double()
        weight, bias, alone = module.weight.detach(), module.bias.detach(), same.weight.detach()
        grouped = Conv("", weight, bias, (2, 1), (1, 0), (1, 2), groups=2)

        def as_function(x: Tensor) -> Tensor:
            return F.conv2d(x, weight, bias, (2, 1), padding=(1, 0), dilation=(1, 2), groups=2)

        return [
            Spelled(grouped, (2, 5, 6), module, as_function),
            Spelled(
                Conv("", alone, normal(0, 2) * 0, padding=(1, 1)),
                (1, 4, 4),
                same,
                lambda x: F.conv2d(x, alone, padding=1),
            ),
        ]


def test_channels_are_never_taken_apart() -> None:
    assert Conv.grouped(3, 9, 1) == (3, 9)
    assert Conv.univariate(3, 9) == (3, 9)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("spacing", [1, 2, 3])
@pytest.mark.parametrize("beyond", [0, 1])
def test_phases_are_those_of_the_pixels_that_a_tap_sees(kernel: int, dilation: int, spacing: int, beyond: int) -> None:
    """By brute force: with ones at the pixels and 0 between, each tap alone is 1 all over its phase, 0 elsewhere."""
    for padding in range(dilation * (kernel - 1) + 1):
        geometry = ((1, kernel), (0, padding), (1, dilation))
        found = Conv.constant_phases(kernel, *geometry, ((1, spacing), (0, beyond)))
        assert len(found) == spacing
        spread = Spread((1, spacing), (0, beyond))(torch.ones(1, 1, 1, 12).double())
        for tap in range(kernel):
            weight = torch.zeros(1, 1, 1, kernel).double()
            weight[0, 0, 0, tap] = 1.0
            seen = F.conv2d(spread, weight, None, 1, (0, padding), (1, dilation))[0, 0, 0]
            whole = [phase for phase in range(spacing) if bool((seen[phase::spacing] == 1).all())]
            assert [phase for phase, taps in enumerate(found) if tap in taps] == whole
            assert seen.sum() == sum(seen[phase::spacing].numel() for phase in whole) or not whole


def test_without_gaps_there_is_one_phase() -> None:
    for padding in range(3):
        geometry = (9, (3, 3), (padding, padding), (1, 1))
        assert Conv.constant_phases(*geometry, ((1, 1), (0, 0))) == (Conv.constant_taps(*geometry),)
