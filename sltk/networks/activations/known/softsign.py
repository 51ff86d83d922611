"""``phi(x) = x / (1 + |x|)``."""

import math

import torch.nn.functional as F
from torch import nn

from sltk.networks.activations.activation import Activation, Remainder
from sltk.networks.activations.entry import RELATIVE, single
from sltk.networks.activations.profile import Piece, Profile

_SOFTSIGN = Activation(
    "softsign", F.softsign, 1.0, 1.0, 0.0, 1.0, Remainder(1.0, 2, math.inf),
    evidence="x - phi(x) = x |x|/(1 + |x|); phi' = 1/(1 + |x|)^2 <= 1", rounding=RELATIVE,
    profile=Profile((
        Piece(-math.inf, 0.0, lambda x: (1.0 - x) ** -2, bend=lambda x: 2.0 * (1.0 - x) ** -3),
        Piece(0.0, math.inf, lambda x: (1.0 + x) ** -2, bend=lambda x: -2.0 * (1.0 + x) ** -3),
    ), size=2.0),
)  # fmt: skip

ENTRIES = (single(_SOFTSIGN, modules=(nn.Softsign,), functions=(F.softsign,)),)
