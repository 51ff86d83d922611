"""Flattening under the contract."""

from fractions import Fraction

from torch import nn

from sltk.networks.op import Op
from sltk.networks.ops.flatten import Flatten
from tests.networks.ops.contract import Exact, Example, Shape, Spelled, StepContract


class TestFlatten(StepContract):
    def examples(self) -> list[Example]:
        return [Example(Flatten(), (2, 3, 2)), Example(Flatten(), (5,))]

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        return [x[index] for index in sorted(x)]

    def spelled(self) -> list[Spelled]:
        return [
            Spelled(Flatten(), (2, 3, 2), nn.Flatten(), lambda x: x.flatten(1)),
            Spelled(Flatten(), (2, 3, 2), nn.Flatten(1, -1), lambda x: x.view(x.size(0), -1)),
            Spelled(Flatten(), (2, 3, 2), nn.Flatten(1, 3), lambda x: x.reshape(-1, 12)),
        ]
