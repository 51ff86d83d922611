"""``phi(x) = x`` for ``x >= 0``, ``alpha (exp(x) - 1)`` for ``x < 0``; SELU is a multiple of one of them."""

import math
from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import Entry, single, up
from sltk.networks.activations.profile import Piece, Profile, constant
from sltk.networks.spelling import Call, Spellings


def _profile(right: float, left: float) -> Profile:
    """A line of slope ``right``, and ``left (exp(x) - 1)``."""

    falling = partial(_exponential, scale=left)
    pieces = (Piece(-math.inf, 0.0, falling, bend=falling), Piece(0.0, math.inf, constant(right)))
    return Profile(pieces, size=1.0 + max(right, left))


def _exponential(x: Tensor, scale: float) -> Tensor:
    return scale * torch.exp(x)


@cache
def _elu(alpha: float) -> Activation:
    return Activation(
        f"elu({alpha!r})", partial(F.elu, alpha=alpha), 1.0, alpha, 0.0, max(1.0, alpha),
        Remainder(alpha / 2.0, 2, math.inf),
        curve=Curve(2, 0.0, alpha / 2.0, Remainder(up(alpha / 6.0), 3, math.inf)), profile=_profile(1.0, alpha),
        evidence="0 <= exp(x) - 1 - x <= x^2/2 for x <= 0; 0 <= phi' <= max(1, alpha)",
    )  # fmt: skip


def _spelled(call: Call, /, alpha: float = 1.0, inplace: bool = False) -> str:
    return f"elu({float(alpha)!r})"


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
_SELU_SLOPE = _SELU_SCALE * _SELU_ALPHA
_SELU = Activation(
    "selu", F.selu, _SELU_SCALE, _SELU_SLOPE, 0.0, up(_SELU_SLOPE), Remainder(up(_SELU_SLOPE / 2.0), 2, math.inf),
    curve=Curve(2, 0.0, _SELU_SLOPE / 2.0, Remainder(up(_SELU_SLOPE / 6.0), 3, math.inf)),
    profile=_profile(_SELU_SCALE, _SELU_SLOPE),
    evidence="scale times elu(alpha), scale = 1.0507010, alpha = 1.6732632",
)  # fmt: skip

ENTRIES = (
    Entry(
        "elu",
        _elu,
        (1.0,),
        takes="one finite number >= 0",
        allows=lambda alpha: alpha >= 0.0,
        spellings=Spellings({nn.ELU: lambda call, module: _spelled(call, module.alpha)}, {F.elu: _spelled}),
    ),
    single(_SELU, modules=(nn.SELU,), functions=(F.selu, torch.selu, F.selu_)),
)
