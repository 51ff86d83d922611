"""1-D convolutions under the contract of affine kinds, by the oracle of an image of height 1."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import torch.nn.functional as F
from torch import nn

from sltk.networks.affine import Affine
from sltk.networks.op import Op
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.conv1d import Conv1d
from tests.networks.ops.affine_contract import AffineContract
from tests.networks.ops.contract import Exact, Example, Shape, Spelled, normal
from tests.networks.ops.test_conv import TestConv as ConvContract


def plain(seed: int, shape: tuple[int, int, int], **geometry: tuple[int, int]) -> Conv1d:
    return Conv1d(f"line{seed}", normal(seed, *shape), normal(seed + 1, shape[0]), **geometry)


def image(op: Op) -> Conv:
    assert isinstance(op, Conv1d)
    return Conv(op.name, op.weight[:, :, None], op.bias, op.stride, op.padding, op.dilation, groups=op.groups)


class TestConv1d(AffineContract):
    def examples(self) -> list[Example]:
        return [
            Example(plain(1, (2, 2, 3), padding=(0, 1), stride=(1, 2)), (2, 5)),
            Example(plain(3, (1, 2, 2), padding=(0, 1), dilation=(1, 2)), (2, 4)),
            Example(plain(5, (3, 1, 1)), (1, 2)),
            Example(replace(plain(7, (4, 1, 2), padding=(0, 1)), groups=2), (2, 3)),
        ]

    def taps(self, op: Affine, shape: Shape) -> Iterator[tuple[tuple[int, ...], int, int, int | None]]:
        for (row, _, left), *rest in ConvContract().taps(image(op), (shape[0], 1, shape[1])):
            yield (row, left), *rest

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        flat = {(channel, 0, place): value for (channel, place), value in x.items()}  # type: ignore[misc]  # a line
        return ConvContract().exact(image(op), flat, (shape[0], 1, shape[1]))

    def spelled(self) -> list[Spelled]:
        module = nn.Conv1d(2, 4, 3, 2, 1, 2, groups=2).double()
        same = nn.Conv1d(1, 2, 3, padding="same", bias=False).double()
        weight, bias, alone = module.weight.detach(), module.bias.detach(), same.weight.detach()
        return [
            Spelled(
                Conv1d("", weight, bias, (1, 2), (0, 1), (1, 2), groups=2), (2, 9), module,
                lambda x: F.conv1d(x, weight, bias, 2, padding=1, dilation=2, groups=2),
            ),
            Spelled(
                Conv1d("", alone, normal(0, 2) * 0, padding=(0, 1)), (1, 4), same,
                lambda x: F.conv1d(x, alone, padding=1),
            ),
        ]  # fmt: skip
