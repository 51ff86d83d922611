"""The hyperbolic tangent."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from sltk.networks.activations.activation import Activation, Remainder
from sltk.networks.activations.entry import RELATIVE, single, up

_TANH = Activation(
    "tanh", torch.tanh, 1.0, 1.0, 0.0, 1.0, Remainder(up(1.0 / 3.0), 3, math.inf),
    evidence="Taylor: |phi'''| = |6 t^4 - 8 t^2 + 2| <= 2 with t = tanh x; phi' = 1 - t^2 <= 1",
    rounding=RELATIVE,
)  # fmt: skip

ENTRIES = (single(_TANH, modules=(nn.Tanh,), functions=(F.tanh, torch.tanh, torch.tanh_), methods=("tanh", "tanh_")),)
