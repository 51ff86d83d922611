"""``phi(x) = x P(x)`` with P the distribution function of the normal law; and GELU by tanh, which approximates it.

GELU by tanh is ``phi(x) = x/2 (1 + tanh u)`` with ``u = c (x + a x^3)``, ``c = sqrt(2/pi)``, ``a = .044715``.

Statement. With the slope 1/2 on both sides and no intercept ``|phi(x) - x/2| <= (c/2) x^2`` for every real x, and c/2
is the least such K; ``|phi'| <= 1.12900``; phi falls up to -.7524614 and rises from there.

Proof. ``|phi(x) - x/2| = |x| tanh|u| / 2``, so ``tanh|u| <= c |x|`` is to be shown. For ``c |x| >= 1`` it is plain.
Else ``artanh y >= y + y^3/3`` gives ``artanh(c |x|) >= c |x| + (c^3/3) |x|^3 >= |u|``, because ``c^2/3 = .2122 >= a``.
As x goes to 0 the quotient goes to c, so no smaller K will do. The slope is ``(1 + tanh u)/2 + (x/2) u' sech^2 u``:
largest at 1.4185040, where it is 1.1289931; branch and bound over intervals proves the bound (``tests/golden``).
"""

import math
from functools import partial

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
_GELU_TANH = Activation(
    "gelu_tanh", partial(F.gelu, approximate="tanh"), 0.5, 0.5, 0.0, 1.129, Remainder(up(_NORMAL_PEAK), 2, math.inf),
    minimum=-0.7524614220710163,
    evidence="tanh|u| <= c |x|, from artanh y >= y + y^3/3 and c^2/3 >= a; |phi'| at 1.4185040: 1.1289931",
)  # fmt: skip
_FORMS = {"none": _GELU, "tanh": _GELU_TANH}


def _spelled(call: Call, /, approximate: str = "none") -> str:
    if approximate not in _FORMS:
        raise SltkError(f"activation {call.name!r} is gelu by approximate={approximate!r}; use 'none' or 'tanh'.")
    return _FORMS[approximate].name


_READ = Spellings({nn.GELU: lambda call, module: _spelled(call, module.approximate)}, {F.gelu: _spelled})

ENTRIES = (
    Entry(_GELU.name, lambda: _GELU, spellings=_READ),
    Entry(_GELU_TANH.name, lambda: _GELU_TANH),
)
