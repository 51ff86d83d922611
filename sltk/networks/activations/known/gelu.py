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

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import Entry, up
from sltk.networks.activations.profile import smooth
from sltk.networks.spelling import Call, Spellings

_NORMAL_PEAK = 1.0 / math.sqrt(2.0 * math.pi)
_SCALE, _CUBE = math.sqrt(2.0 / math.pi), 0.044715


def _density(x: Tensor) -> Tensor:
    return _NORMAL_PEAK * torch.exp(-x.square() / 2.0)


def _slope(x: Tensor) -> Tensor:
    return torch.special.ndtr(x) + x * _density(x)


def _bend(x: Tensor) -> Tensor:
    return _density(x) * (2.0 - x.square())


def _argument(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``2 u`` and its first two derivatives; phi is x times the logistic function of it."""
    return 2 * _SCALE * (x + _CUBE * x**3), 2 * _SCALE * (1 + 3 * _CUBE * x.square()), 12 * _SCALE * _CUBE * x


def _tanh_slope(x: Tensor) -> Tensor:
    v, first, _ = _argument(x)
    return torch.sigmoid(v) * (1.0 + x * torch.sigmoid(-v) * first)


def _tanh_bend(x: Tensor) -> Tensor:
    v, first, second = _argument(x)
    return torch.sigmoid(v) * torch.sigmoid(-v) * (2.0 * first + x * (second - torch.tanh(v / 2.0) * first.square()))


_GELU = Activation(
    "gelu", F.gelu, 0.5, 0.5, 0.0, 1.12891, Remainder(up(_NORMAL_PEAK), 2, math.inf), minimum=-0.7517915246935645,
    evidence="phi(x) - x/2 = x (P(x) - 1/2) and |P(x) - 1/2| <= |x| p(0), P and p the normal law's; "
             "|phi'| is largest at sqrt 2, where it is 1.1289042",
    curve=Curve(2, _NORMAL_PEAK, _NORMAL_PEAK, Remainder(up(_NORMAL_PEAK / 6.0), 4, math.inf)),
    profile=smooth(_slope, (-math.sqrt(2.0), math.sqrt(2.0)), _bend, (-2.0, 0.0, 2.0), 2.0),
)  # fmt: skip
_GELU_TANH = Activation(
    "gelu_tanh", partial(F.gelu, approximate="tanh"), 0.5, 0.5, 0.0, 1.129, Remainder(up(_NORMAL_PEAK), 2, math.inf),
    minimum=-0.7524614220710163,
    evidence="tanh|u| <= c |x|, from artanh y >= y + y^3/3 and c^2/3 >= a; |phi'| at 1.4185040: 1.1289931",
    curve=Curve(2, _NORMAL_PEAK, _NORMAL_PEAK, Remainder(up(_SCALE**3 / 6.0), 4, math.inf)),
    profile=smooth(
        _tanh_slope, (-1.4185040087908284, 1.4185040087908284),
        _tanh_bend, (-2.0134807246242579, 0.0, 2.0134807246242579), 2.0,
    ),
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
