"""``phi(x) = x min(max(x + 3, 0), 6) / 6``: Hardswish.

Statement. With the slope 1/2 on both sides and no intercept ``|phi(x) - x/2| <= x^2/6`` for every real x, with equality
on ``|x| <= 3``; ``|phi'| <= 3/2``; phi does not rise up to -3/2, and does not fall from there.

Proof. On ``|x| <= 3`` phi is ``x^2/6 + x/2``, of slope ``x/3 + 1/2``: 3/2 at most, and 0 at -3/2. Beyond, phi is 0 or
x, so ``|phi(x) - x/2| = |x|/2 <= x^2/6``, because ``|x| >= 3``.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, single, up
from sltk.networks.activations.profile import Piece, Profile, constant


def _slope(x: Tensor) -> Tensor:
    return x / 3.0 + 0.5


_HARDSWISH = Activation(
    "hardswish", F.hardswish, 0.5, 0.5, 0.0, 1.5, Remainder(up(1.0 / 6.0), 2, math.inf), minimum=-1.5,
    evidence="phi(x) - x/2 = x^2/6 on |x| <= 3 and |x|/2 <= x^2/6 beyond; |phi'| = |x/3 + 1/2| <= 3/2",
    curve=Curve(2, 1.0 / 6.0, 1.0 / 6.0, Remainder(up(1.0 / 72.0), 3, math.inf)),
    profile=Profile((
        Piece(-math.inf, -3.0, torch.zeros_like),
        Piece(-3.0, 3.0, _slope, bend=constant(1.0 / 3.0)),
        Piece(3.0, math.inf, torch.ones_like),
    ), size=2.0),
    rounding=RELATIVE,  # x + 3 is exact where it is small, by Sterbenz
)  # fmt: skip

ENTRIES = (single(_HARDSWISH, modules=(nn.Hardswish,), functions=(F.hardswish,)),)
