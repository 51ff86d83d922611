"""The logistic function, ``phi(x) = 1 / (1 + exp(-x))``."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from sltk.networks.activations.activation import Activation, Remainder
from sltk.networks.activations.entry import RELATIVE, single, up

_SIGMOID = Activation(
    "sigmoid", torch.sigmoid, 0.25, 0.25, 0.5, 0.25, Remainder(up(1.0 / 48.0), 3, math.inf),
    evidence="phi(x) = 1/2 + tanh(x/2)/2 and the bounds of tanh", rounding=RELATIVE,
)  # fmt: skip

ENTRIES = (
    single(
        _SIGMOID,
        modules=(nn.Sigmoid,),
        functions=(F.sigmoid, torch.sigmoid, torch.sigmoid_, torch.special.expit),
        methods=("sigmoid", "sigmoid_"),
    ),
)
