"""``phi(x) = x / (1 + |x|)``."""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, single
from sltk.networks.activations.profile import Piece, Profile


def _slope(x: Tensor) -> Tensor:
    return (1.0 + x.abs()) ** -2


def _bend(x: Tensor) -> Tensor:
    return 2.0 * (1.0 + x.abs()) ** -3


def _fall(x: Tensor) -> Tensor:
    return -_bend(x)


_SOFTSIGN = Activation(
    "softsign", F.softsign, 1.0, 1.0, 0.0, 1.0, Remainder(1.0, 2, math.inf),
    evidence="x - phi(x) = x |x|/(1 + |x|); phi' = 1/(1 + |x|)^2 <= 1", rounding=RELATIVE,
    curve=Curve(2, -1.0, 1.0, Remainder(1.0, 3, math.inf)),
    profile=Profile((
        Piece(-math.inf, 0.0, _slope, bend=_bend),
        Piece(0.0, math.inf, _slope, bend=_fall),
    ), size=2.0),
)  # fmt: skip

ENTRIES = (single(_SOFTSIGN, modules=(nn.Softsign,), functions=(F.softsign,)),)
