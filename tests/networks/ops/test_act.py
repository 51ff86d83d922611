"""Activations as steps under the contract; their constants have tests of their own."""

from fractions import Fraction

import torch
import torch.nn.functional as F
from mpmath import mp, mpf
from torch import nn

from sltk.networks.activations.characterise import characterise
from sltk.networks.activations.table import activation
from sltk.networks.op import Op
from sltk.networks.ops import step_from_record
from sltk.networks.ops.act import Act
from tests.networks.ops.contract import Exact, Example, Shape, Spelled, StepContract

ORACLES = {
    "relu": lambda x: max(x, Fraction(0)),
    "leaky_relu(0.25)": lambda x: x if x >= 0 else x / 4,
    "softsign": lambda x: x / (1 + abs(x)),
    "hardtanh(-0.5, 0.25)": lambda x: min(max(x, Fraction(-1, 2)), Fraction(1, 4)),
    "relu6": lambda x: min(max(x, Fraction(0)), Fraction(6)),
    "tanh": lambda x: digits(mp.tanh(mpf(x.numerator) / x.denominator)),
}


def digits(x: mpf) -> Fraction:
    return Fraction(mp.nstr(x, 50))


class TestAct(StepContract):
    def examples(self) -> list[Example]:
        return [
            Example(Act(activation(name)), shape)
            for name, shape in zip(ORACLES, ((4,), (2, 2, 3), (3,), (4,), (3,), (4,)), strict=True)
        ]

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        assert isinstance(op, Act)
        with mp.workdps(60):
            return [ORACLES[op.activation.name](value) for value in x.values()]

    def spelled(self) -> list[Spelled]:
        return [
            Spelled(Act(activation("relu")), (3,), nn.ReLU(), torch.relu),
            Spelled(Act(activation("relu")), (3,), nn.ReLU(inplace=True), lambda x: x.relu_()),
            Spelled(
                Act(activation("leaky_relu(0.25)")), (3,), nn.LeakyReLU(0.25), lambda x: F.leaky_relu(x, 0.25, True)
            ),
            Spelled(Act(activation("elu(0.5)")), (2, 3, 3), nn.ELU(0.5), lambda x: F.elu(x, alpha=0.5)),
            Spelled(
                Act(activation("hardtanh(-0.5, 0.25)")),
                (3,),
                nn.Hardtanh(-0.5, 0.25),
                lambda x: F.hardtanh(x, -0.5, 0.25),
            ),
            Spelled(Act(activation("relu6")), (3,), nn.ReLU6(), F.relu6),
            Spelled(Act(activation("tanh")), (3,), nn.Tanh(), lambda x: x.tanh()),
            Spelled(Act(activation("softplus")), (3,), nn.Softplus(), lambda x: F.softplus(x, threshold=30)),
            Spelled(Act(activation("gelu")), (3,), nn.GELU(), lambda x: F.gelu(x, approximate="none")),
        ]


def test_an_activation_of_ones_own_is_found_by_its_name() -> None:
    own = Act(characterise(torch.atan, "atan"))
    assert step_from_record(own.record(), {"atan": own.activation}) == own


def test_the_identity_is_idle() -> None:
    assert Act(activation("identity")).idle((3,))
    assert not Act(activation("relu")).idle((3,))
