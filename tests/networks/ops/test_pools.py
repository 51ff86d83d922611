"""Average and max pooling under the contract."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.op import Op
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.max_pool import MaxPool
from tests.networks.ops.contract import Exact, Example, Shape, Spelled, StepContract, slot


def pixels(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Windows along one axis, as torch counts them: one more where the ceiling leaves one that begins inside."""
    span, reach = size + 2 * padding, dilation * (kernel - 1) + 1
    count = (span - reach) // stride + 1
    more = ceil_mode and (span - reach) % stride != 0 and count * stride < size + padding
    return count + more


class PoolContract(StepContract):
    def windows(self, op: AvgPool | MaxPool, x: Exact, shape: Shape) -> Iterator[tuple[list[Fraction], tuple]]:
        """Entries that each output sees, and the corner of its window."""
        dilation = op.dilation if isinstance(op, MaxPool) else (1,) * len(op.kernel)
        geometry = list(zip(shape[1:], op.kernel, op.stride, op.padding, dilation, strict=True))
        counts = [pixels(*axis, op.ceil_mode) for axis in geometry]
        for channel, *corner in product(range(shape[0]), *map(range, counts)):
            seen = []
            for tap in product(*map(range, op.kernel)):
                place = [
                    slot(pixel, t, s, p, d, size)
                    for pixel, t, (size, _, s, p, d) in zip(corner, tap, geometry, strict=True)
                ]
                if None not in place:
                    seen.append(x[(channel, *place)])  # type: ignore[index]  # both are numbers here
            yield seen, tuple(corner)


class TestAvgPool(PoolContract):
    def examples(self) -> list[Example]:
        return [
            Example(AvgPool((2, 2), (2, 2)), (2, 4, 4)),
            Example(AvgPool((3, 2), (2, 2), (1, 1), True, True), (1, 6, 5)),
            Example(AvgPool((3, 2), (2, 1), (1, 1), False, False), (1, 5, 4)),
            Example(AvgPool((3, 3), (1, 1)), (1, 4, 3)),
            Example(AvgPool((3,), (2,), (1,)), (2, 6)),
        ]

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        assert isinstance(op, AvgPool)
        values = []
        for seen, place in self.windows(op, x, shape):
            padded = 1
            for pixel, size, k, s, p in zip(place, shape[1:], op.kernel, op.stride, op.padding, strict=True):
                padded *= min(pixel * s - p + k, size + p) - (pixel * s - p)
            values.append(sum(seen, Fraction(0)) / (padded if op.count_include_pad else len(seen)))
        return values

    def spelled(self) -> list[Spelled]:
        plain = AvgPool((2, 3), (1, 2), (1, 1), True, False)

        def as_function(x: Tensor) -> Tensor:
            return F.avg_pool2d(x, (2, 3), (1, 2), 1, ceil_mode=True, count_include_pad=False)

        return [
            Spelled(AvgPool((2, 2), (2, 2)), (1, 4, 4), nn.AvgPool2d(2), lambda x: F.avg_pool2d(x, 2)),
            Spelled(plain, (1, 5, 6), nn.AvgPool2d((2, 3), (1, 2), 1, True, False), as_function),
            Spelled(
                AvgPool((2, 3), (2, 3)), (1, 4, 6), nn.AdaptiveAvgPool2d(2), lambda x: F.adaptive_avg_pool2d(x, (2, 2))
            ),
            Spelled(AvgPool((4, 6), (4, 6)), (1, 4, 6), nn.AdaptiveAvgPool2d(1), lambda x: torch.mean(x, (2, 3), True)),
            Spelled(
                AvgPool((3,), (2,), (1,), False, False),
                (1, 7),
                nn.AvgPool1d(3, 2, 1, False, False),
                lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False),
            ),
            Spelled(AvgPool((3,), (3,), (0,)), (1, 6), nn.AdaptiveAvgPool1d(2), lambda x: F.adaptive_avg_pool1d(x, 2)),
            Spelled(AvgPool((6,), (6,), (0,)), (1, 6), nn.AdaptiveAvgPool1d(1), lambda x: x.mean(-1, keepdim=True)),
        ]


class TestMaxPool(PoolContract):
    def examples(self) -> list[Example]:
        return [
            Example(MaxPool((2, 2), (2, 2)), (2, 4, 4)),
            Example(MaxPool((3, 2), (2, 2), (1, 1), (1, 1), True), (1, 6, 5)),
            Example(MaxPool((2, 2), (1, 1), (0, 0), (2, 1)), (1, 4, 3)),
            Example(MaxPool((2,), (2,), (1,), (2,)), (2, 6)),
        ]

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        assert isinstance(op, MaxPool)
        return [max(seen) for seen, _ in self.windows(op, x, shape)]

    def spelled(self) -> list[Spelled]:
        def as_function(x: Tensor) -> Tensor:
            return F.max_pool2d(x, 2, (1, 2), padding=1, dilation=(1, 2), ceil_mode=True)

        return [
            Spelled(MaxPool((2, 2), (2, 2)), (1, 4, 4), nn.MaxPool2d(2), lambda x: F.max_pool2d(x, 2)),
            Spelled(
                MaxPool((2, 2), (1, 2), (1, 1), (1, 2), True),
                (1, 5, 6),
                nn.MaxPool2d(2, (1, 2), 1, (1, 2), ceil_mode=True),
                as_function,
            ),
            Spelled(MaxPool((2, 3), (2, 3)), (1, 4, 6), nn.AdaptiveMaxPool2d(2), lambda x: F.adaptive_max_pool2d(x, 2)),
            Spelled(
                MaxPool((3,), (2,), (1,), (2,)),
                (1, 7),
                nn.MaxPool1d(3, 2, 1, 2),
                lambda x: F.max_pool1d(x, 3, 2, 1, dilation=2),
            ),
            Spelled(
                MaxPool((3,), (3,), (0,), (1,)), (1, 6), nn.AdaptiveMaxPool1d(2), lambda x: F.adaptive_max_pool1d(x, 2)
            ),
        ]
