"""``phi(x) = x tanh(log(1 + exp(x)))``."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, single
from sltk.networks.activations.profile import smooth


def _gate(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``g = tanh(softplus x)`` and its first two derivatives; with s the logistic function ``g' = (1 - g^2) s``."""
    g, s = torch.tanh(F.softplus(x, threshold=40.0)), torch.sigmoid(x)
    first = (1.0 - g.square()) * s
    return g, first, first * (torch.sigmoid(-x) - 2.0 * g * s)


def _slope(x: Tensor) -> Tensor:
    gate, first, _ = _gate(x)
    return gate + x * first


def _bend(x: Tensor) -> Tensor:
    _, first, second = _gate(x)
    return 2.0 * first + x * second


_MISH = Activation(
    "mish", F.mish, 0.6, 0.6, 0.0, 1.0885, Remainder(0.32141, 2, math.inf), minimum=-1.1924312145154952,
    evidence="phi(x) - .6 x = x (h(x) - .6) with h = (E^2 + 2 E)/(E^2 + 2 E + 2), E = exp x; "
             "|h(x) - .6|/|x| is largest at -.176619, where it is .3214046; |phi'| at 1.490571: 1.0884982",
    rounding=RELATIVE,
    curve=Curve(2, 0.32, 0.32, Remainder(0.06703, 3, math.inf)),  # by branch and bound, as K
    profile=smooth(
        _slope, (-2.2563763963607931, 1.4905711794854285),
        _bend, (-3.2673378465204046, -0.087934431314914211, 2.1148425630208771), 2.0,
    ),
)  # fmt: skip

ENTRIES = (single(_MISH, modules=(nn.Mish,), functions=(F.mish,)),)
