"""``phi(x) = x tanh(log(1 + exp(x)))``."""

import math

import torch.nn.functional as F
from torch import nn

from sltk.networks.activations.activation import Activation, Remainder
from sltk.networks.activations.entry import RELATIVE, single

_MISH = Activation(
    "mish", F.mish, 0.6, 0.6, 0.0, 1.0885, Remainder(0.32141, 2, math.inf), minimum=-1.1924312145154952,
    evidence="phi(x) - .6 x = x (h(x) - .6) with h = (E^2 + 2 E)/(E^2 + 2 E + 2), E = exp x; "
             "|h(x) - .6|/|x| is largest at -.176619, where it is .3214046; |phi'| at 1.490571: 1.0884982",
    rounding=RELATIVE,
)  # fmt: skip

ENTRIES = (single(_MISH, modules=(nn.Mish,), functions=(F.mish,)),)
