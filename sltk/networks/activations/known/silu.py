"""``phi(x) = x / (1 + exp(-x))``."""

import math

import torch.nn.functional as F
from torch import nn

from sltk.networks.activations.activation import Activation, Remainder
from sltk.networks.activations.entry import RELATIVE, single

_SILU = Activation(
    "silu", F.silu, 0.5, 0.5, 0.0, 1.09985, Remainder(0.25, 2, math.inf), minimum=-1.2784645427610737,
    evidence="phi(x) - x/2 = x tanh(x/2)/2; |phi'| is largest at 2.39936, where it is 1.0998394",
    rounding=RELATIVE,
)  # fmt: skip

ENTRIES = (single(_SILU, modules=(nn.SiLU,), functions=(F.silu,)),)
