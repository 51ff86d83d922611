"""The error function."""

import math

import torch
from torch import Tensor

from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, single, up
from sltk.networks.activations.profile import smooth
from sltk.networks.spelling import Call

_SLOPE = 2.0 / math.sqrt(math.pi)


def _slope(x: Tensor) -> Tensor:
    return _SLOPE * torch.exp(-x.square())


def _bend(x: Tensor) -> Tensor:
    return -2.0 * x * _slope(x)


_ERF = Activation(
    "erf", torch.erf, _SLOPE, _SLOPE, 0.0, up(_SLOPE), Remainder(up(_SLOPE / 3.0), 3, math.inf),
    evidence="Taylor: |phi'''| = 2/sqrt(pi) |4 x^2 - 2| exp(-x^2) <= 4/sqrt(pi)",
    rounding=RELATIVE, curve=Curve(3, -_SLOPE / 3.0, _SLOPE / 3.0, Remainder(up(_SLOPE / 10.0), 5, math.inf)),
    profile=smooth(_slope, (0.0,), _bend, (-math.sqrt(0.5), math.sqrt(0.5)), size=2.0),
)  # fmt: skip


def _spelled(call: Call, /) -> str:
    return _ERF.name


ENTRIES = (
    single(
        _ERF,
        functions=dict.fromkeys((torch.erf, torch.erf_, torch.special.erf), _spelled),
        methods=("erf", "erf_"),
    ),
)
