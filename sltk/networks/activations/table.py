"""The table of activations: functions that satisfy the hypothesis of the constructions, with their constants."""

import ast
import math
from collections.abc import Callable
from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import ULP, Activation, Remainder, Rounding, require_admissible

__all__ = ["TABLE", "Activation", "Remainder", "activation", "require_admissible"]

EXACT, ONE_PRODUCT, RELATIVE = Rounding(0.0, 0.0), Rounding(ULP, 0.0), Rounding(absolute=0.0)


def activation(name: str) -> Activation:
    """The activation that ``name`` spells, such as ``tanh`` or ``leaky_relu(0.2)``.

    Raises:
        SltkError: a name that is not in the table, a family's parameter that is not a finite number >= 0, or a function
            that fails the hypothesis (``abs``, ``square``, ``sign``, ``step``).
    """
    family, bracket, rest = name.strip().partition("(")
    if family in _INADMISSIBLE and not bracket:
        require_admissible(_INADMISSIBLE[family])
    if family in _FIXED and not bracket:
        return _FIXED[family]
    if family in _FAMILIES:
        make, default = _FAMILIES[family]
        return make(_parameter(name, rest) if bracket else default)
    raise SltkError(
        f"activation knows {', '.join(TABLE)}, but got {name!r}; for a function of your own use "
        "sltk.networks.activations.characterise.characterise(function, name)."
    )


def _parameter(name: str, rest: str) -> float:
    try:
        value = ast.literal_eval(rest.removesuffix(")")) if rest.endswith(")") else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.0 <= value < math.inf:
        raise SltkError(f"activation needs one finite number >= 0 in brackets, but got {name!r}.")
    return float(value)


def _up(value: float) -> float:
    """A float64 above the exact number that ``value`` approximates to two units in the last place."""
    return value * (1.0 + 4.0 * ULP)


def _identity(x: Tensor) -> Tensor:
    return x


def _step(x: Tensor) -> Tensor:
    return (x >= 0).to(x.dtype)


@cache
def _leaky_relu(slope: float) -> Activation:
    function = partial(F.leaky_relu, negative_slope=slope)
    return Activation(
        f"leaky_relu({slope!r})", function, 1.0, slope, 0.0, max(1.0, slope), _LINEAR,
        evidence="equal to its half lines", rounding=ONE_PRODUCT,
    )  # fmt: skip


@cache
def _elu(alpha: float) -> Activation:
    return Activation(
        f"elu({alpha!r})", partial(F.elu, alpha=alpha), 1.0, alpha, 0.0, max(1.0, alpha),
        Remainder(alpha / 2.0, 2, math.inf),
        evidence="0 <= exp(x) - 1 - x <= x^2/2 for x <= 0; 0 <= phi' <= max(1, alpha)",
    )  # fmt: skip


_LINEAR = Remainder(0.0, 2, math.inf)
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
_SELU_SLOPE = _SELU_SCALE * _SELU_ALPHA
_ERF_SLOPE = 2.0 / math.sqrt(math.pi)
_NORMAL_PEAK = 1.0 / math.sqrt(2.0 * math.pi)

_FIXED = {phi.name: phi for phi in (
    Activation("identity", _identity, 1.0, 1.0, 0.0, 1.0, _LINEAR, evidence="linear", rounding=EXACT),
    Activation("relu", F.relu, 1.0, 0.0, 0.0, 1.0, _LINEAR, evidence="equal to its half lines", rounding=EXACT),
    Activation("tanh", torch.tanh, 1.0, 1.0, 0.0, 1.0, Remainder(_up(1.0 / 3.0), 3, math.inf),
               evidence="Taylor: |phi'''| = |6 t^4 - 8 t^2 + 2| <= 2 with t = tanh x; phi' = 1 - t^2 <= 1",
               rounding=RELATIVE),
    Activation("sigmoid", torch.sigmoid, 0.25, 0.25, 0.5, 0.25, Remainder(_up(1.0 / 48.0), 3, math.inf),
               evidence="phi(x) = 1/2 + tanh(x/2)/2 and the bounds of tanh", rounding=RELATIVE),
    # torch cuts softplus off at 20, where that makes a jump of 2e-9; at 40 it is below the last place.
    Activation("softplus", partial(F.softplus, threshold=40.0), 0.5, 0.5, math.log(2.0), 1.0,
               Remainder(0.125, 2, math.inf), evidence="Taylor: 0 <= phi'' <= 1/4; phi' = sigmoid <= 1",
               rounding=RELATIVE),
    Activation("gelu", F.gelu, 0.5, 0.5, 0.0, 1.12891, Remainder(_up(_NORMAL_PEAK), 2, math.inf),
               minimum=-0.7517915246935645,
               evidence="phi(x) - x/2 = x (P(x) - 1/2) and |P(x) - 1/2| <= |x| p(0), P and p the normal law's; "
                        "|phi'| is largest at sqrt 2, where it is 1.1289042"),
    Activation("silu", F.silu, 0.5, 0.5, 0.0, 1.09985, Remainder(0.25, 2, math.inf), minimum=-1.2784645427610737,
               evidence="phi(x) - x/2 = x tanh(x/2)/2; |phi'| is largest at 2.39936, where it is 1.0998394",
               rounding=RELATIVE),
    Activation("selu", F.selu, _SELU_SCALE, _SELU_SLOPE, 0.0, _up(_SELU_SLOPE),
               Remainder(_up(_SELU_SLOPE / 2.0), 2, math.inf),
               evidence="scale times elu(alpha), scale = 1.0507010, alpha = 1.6732632"),
    Activation("mish", F.mish, 0.6, 0.6, 0.0, 1.0885, Remainder(0.32141, 2, math.inf), minimum=-1.1924312145154952,
               evidence="phi(x) - .6 x = x (h(x) - .6) with h = (E^2 + 2 E)/(E^2 + 2 E + 2), E = exp x; "
                        "|h(x) - .6|/|x| is largest at -.176619, where it is .3214046; |phi'| at 1.490571: 1.0884982",
               rounding=RELATIVE),
    Activation("softsign", F.softsign, 1.0, 1.0, 0.0, 1.0, Remainder(1.0, 2, math.inf),
               evidence="x - phi(x) = x |x|/(1 + |x|); phi' = 1/(1 + |x|)^2 <= 1", rounding=RELATIVE),
    Activation("erf", torch.erf, _ERF_SLOPE, _ERF_SLOPE, 0.0, _up(_ERF_SLOPE),
               Remainder(_up(_ERF_SLOPE / 3.0), 3, math.inf),
               evidence="Taylor: |phi'''| = 2/sqrt(pi) |4 x^2 - 2| exp(-x^2) <= 4/sqrt(pi)",
               rounding=RELATIVE),
)}  # fmt: skip

_FAMILIES: dict[str, tuple[Callable[[float], Activation], float]] = {
    "leaky_relu": (_leaky_relu, 0.01),
    "elu": (_elu, 1.0),
}

_INADMISSIBLE = {phi.name: phi for phi in (
    Activation("abs", torch.abs, 1.0, -1.0, 0.0, 1.0, _LINEAR, minimum=0.0, rounding=EXACT),
    Activation("square", torch.square, 0.0, 0.0, 0.0, math.inf, Remainder(1.0, 2, math.inf), minimum=0.0),
    Activation("sign", torch.sign, 0.0, 0.0, 0.0, math.inf, Remainder(1.0, 0, math.inf), rounding=EXACT),
    Activation("step", _step, 0.0, 0.0, 1.0, math.inf, Remainder(1.0, 0, math.inf), rounding=EXACT),
)}  # fmt: skip
_INADMISSIBLE["heaviside"] = _INADMISSIBLE["step"]

TABLE = (*_FIXED, *_FAMILIES)
