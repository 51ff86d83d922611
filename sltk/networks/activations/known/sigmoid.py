"""The logistic function, ``phi(x) = 1 / (1 + exp(-x))``."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations import twofold
from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, single, up
from sltk.networks.activations.profile import smooth


def _slope(x: Tensor) -> Tensor:
    return torch.sigmoid(x) * torch.sigmoid(-x)


def _bend(x: Tensor) -> Tensor:
    return -_slope(x) * torch.tanh(x / 2.0)  # turns at twice the points of tanh


_SIGMOID = Activation(
    "sigmoid", torch.sigmoid, 0.25, 0.25, 0.5, 0.25, Remainder(up(1.0 / 48.0), 3, math.inf),
    evidence="phi(x) = 1/2 + tanh(x/2)/2 and the bounds of tanh", rounding=RELATIVE,
    curve=Curve(3, -1.0 / 48.0, 1.0 / 48.0, Remainder(up(1.0 / 480.0), 5, math.inf)),
    twofold=twofold.logistic,
    profile=smooth(_slope, (0.0,), _bend, (-1.3169578969248167, 1.3169578969248167)),
)  # fmt: skip

ENTRIES = (
    single(
        _SIGMOID,
        modules=(nn.Sigmoid,),
        functions=(F.sigmoid, torch.sigmoid, torch.sigmoid_, torch.special.expit),
        methods=("sigmoid", "sigmoid_"),
    ),
)
