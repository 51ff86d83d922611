"""``phi(x) = x / (1 + exp(-x))``."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations import twofold
from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, single, up
from sltk.networks.activations.profile import smooth


def _slope(x: Tensor) -> Tensor:
    return torch.sigmoid(x) * (1.0 + x * torch.sigmoid(-x))


def _bend(x: Tensor) -> Tensor:
    return torch.sigmoid(x) * torch.sigmoid(-x) * (2.0 - x * torch.tanh(x / 2.0))


_SILU = Activation(
    "silu", F.silu, 0.5, 0.5, 0.0, 1.09985, Remainder(0.25, 2, math.inf), minimum=-1.2784645427610737,
    evidence="phi(x) - x/2 = x tanh(x/2)/2; |phi'| is largest at 2.39936, where it is 1.0998394",
    rounding=RELATIVE,
    curve=Curve(2, 0.25, 0.25, Remainder(up(1.0 / 48.0), 4, math.inf)),
    twofold=twofold.silu,
    profile=smooth(
        _slope, (-2.3993572805154677, 2.3993572805154677), _bend, (-3.4358409935351107, 0.0, 3.4358409935351107), 2.0
    ),
)  # fmt: skip

ENTRIES = (single(_SILU, modules=(nn.SiLU,), functions=(F.silu,)),)
