"""``phi(x) = log(1 + exp(x))``."""

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import RELATIVE, Entry, up
from sltk.networks.activations.profile import smooth
from sltk.networks.spelling import Call, Spellings


# torch cuts softplus off at 20, where that makes a jump of 2e-9; at 40 it is below the last place.
def _bend(x: Tensor) -> Tensor:
    return torch.sigmoid(x) * torch.sigmoid(-x)


_SOFTPLUS = Activation(
    "softplus", partial(F.softplus, threshold=40.0), 0.5, 0.5, math.log(2.0), 1.0, Remainder(0.125, 2, math.inf),
    evidence="Taylor: 0 <= phi'' <= 1/4; phi' = sigmoid <= 1", rounding=RELATIVE,
    curve=Curve(2, 0.125, 0.125, Remainder(up(1.0 / 192.0), 4, math.inf)),
    profile=smooth(torch.sigmoid, (), _bend, (0.0,)),
)  # fmt: skip


def _spelled(call: Call, /, beta: float = 1, threshold: float = 20) -> str:
    if beta != 1 or threshold < 20:
        given = {"beta": beta, "threshold": threshold}
        raise SltkError(f"activation {call.name!r} is softplus with {given}; use beta=1 and threshold=20.")
    return _SOFTPLUS.name


_READ = Spellings(
    {nn.Softplus: lambda call, module: _spelled(call, module.beta, module.threshold)}, {F.softplus: _spelled}
)

ENTRIES = (Entry(_SOFTPLUS.name, lambda: _SOFTPLUS, spellings=_READ),)
