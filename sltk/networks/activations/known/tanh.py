"""The hyperbolic tangent."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations import twofold
from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, single, up
from sltk.networks.activations.profile import smooth


def _slope(x: Tensor) -> Tensor:
    return 1.0 - torch.tanh(x).square()


def _bend(x: Tensor) -> Tensor:
    t = torch.tanh(x)
    return -2.0 * t * (1.0 - t.square())  # turns where t^2 = 1/3


_TANH = Activation(
    "tanh", torch.tanh, 1.0, 1.0, 0.0, 1.0, Remainder(up(1.0 / 3.0), 3, math.inf),
    evidence="Taylor: |phi'''| = |6 t^4 - 8 t^2 + 2| <= 2 with t = tanh x; phi' = 1 - t^2 <= 1",
    rounding=RELATIVE, curve=Curve(3, -1.0 / 3.0, 1.0 / 3.0, Remainder(up(2.0 / 15.0), 5, math.inf)),
    twofold=twofold.tanh,
    profile=smooth(_slope, (0.0,), _bend, (-0.65847894846240836, 0.65847894846240836)),
)  # fmt: skip

ENTRIES = (single(_TANH, modules=(nn.Tanh,), functions=(F.tanh, torch.tanh, torch.tanh_), methods=("tanh", "tanh_")),)
