"""``phi(x) = max(x, 0)``."""

import torch
import torch.nn.functional as F
from torch import nn

from sltk.networks.activations import twofold
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.entry import EXACT, LINEAR, single
from sltk.networks.activations.profile import lines

_RELU = Activation(
    "relu",
    F.relu,
    1.0,
    0.0,
    0.0,
    1.0,
    LINEAR,
    evidence="equal to its half lines",
    rounding=EXACT,
    profile=lines(0.0, 1.0, kinks=(0.0,)),
    twofold=twofold.positive,
)

ENTRIES = (
    single(
        _RELU,
        modules=(nn.ReLU,),
        functions=(F.relu, torch.relu, torch.relu_, F.relu_),
        methods=("relu", "relu_"),
    ),
)
