"""``phi(x) = x P(x)`` with P the distribution function of the normal law."""

import math

import torch.nn.functional as F
from torch import nn

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation, Remainder
from sltk.networks.activations.entry import Entry, up
from sltk.networks.spelling import Call, Spellings

_NORMAL_PEAK = 1.0 / math.sqrt(2.0 * math.pi)
_GELU = Activation(
    "gelu", F.gelu, 0.5, 0.5, 0.0, 1.12891, Remainder(up(_NORMAL_PEAK), 2, math.inf), minimum=-0.7517915246935645,
    evidence="phi(x) - x/2 = x (P(x) - 1/2) and |P(x) - 1/2| <= |x| p(0), P and p the normal law's; "
             "|phi'| is largest at sqrt 2, where it is 1.1289042",
)  # fmt: skip


def _spelled(call: Call, /, approximate: str = "none") -> str:
    if approximate != "none":
        raise SltkError(f"activation {call.name!r} is gelu by approximate={approximate!r}; use 'none'.")
    return _GELU.name


_READ = Spellings({nn.GELU: lambda call, module: _spelled(call, module.approximate)}, {F.gelu: _spelled})

ENTRIES = (Entry(_GELU.name, lambda: _GELU, spellings=_READ),)
