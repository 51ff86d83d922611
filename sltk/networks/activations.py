"""Activation functions, with what the constructions need to know of them.

An activation is admissible when near 0 it is ``mu(x) = m_+ x + d`` on the right and ``m_- x + d`` on the left with
``m_+ + m_- != 0``, up to a remainder ``|phi(x) - mu(x)| <= K |x|**q`` with ``q > 1``: small incoming and large
outgoing weights then make it as nearly linear as wanted.
"""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.core.errors import SltkError

UNIT = 2.0**-53
TINY = 2.0**-1000  # covers what underflows
# torch's softplus returns x beyond its threshold: at the default of 20 that is off by 2e-9, at 40 by less than an ulp.
SOFTPLUS_THRESHOLD = 40.0


@dataclass(frozen=True)
class Remainder:
    """``|phi(x) - mu(x)| <= coefficient * |x|**order`` for ``|x| <= radius``."""

    coefficient: float
    order: int
    radius: float


@dataclass(frozen=True)
class Activation:
    """An elementwise function and its constants.

    Args:
        name: canonical text, such as ``leaky_relu(0.01)``.
        function: elementwise, on tensors of any float dtype.
        slope_positive, slope_negative: ``m_+`` and ``m_-``.
        intercept: ``d = phi(0)``.
        lipschitz: T, an upper bound over all of R.
        remainder: of ``mu``; coefficient 0 where phi equals ``mu``.
        minimum: where a non-monotone phi has its one interior minimum; ``None`` where phi is non-decreasing.
        status: ``proved`` or ``measured``.
        evidence: why the constants hold.
        rounding: relative error of ``function`` in float64, in units of ``2**-53``; 0 where it is exact.
        cancellation: absolute error as a multiple of ``2**-53 |x|``, where phi(x) is a difference of larger terms.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    slope_positive: float
    slope_negative: float
    intercept: float
    lipschitz: float
    remainder: Remainder
    minimum: float | None = None
    status: str = "proved"
    evidence: str = ""
    rounding: float = 16.0
    cancellation: float = 0.0

    def __call__(self, x: Tensor) -> Tensor:
        """phi(x), elementwise."""
        return self.function(x)

    @property
    def kinked(self) -> bool:
        """Whether the slopes to the left and right of 0 differ."""
        return self.slope_positive != self.slope_negative

    @property
    def curved(self) -> bool:
        """Whether phi differs from ``mu`` at all."""
        return self.remainder.coefficient > 0.0

    def range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Enclosure of ``{phi(x): low <= x <= high}``, float64, rounded outward by what ``function`` may err."""
        at_low, at_high = self(low), self(high)
        least, most = torch.minimum(at_low, at_high), torch.maximum(at_low, at_high)
        if self.minimum is not None:
            # The located minimum is off by at most 1e-7, its value by the square of that.
            bottom = self(torch.full_like(low, self.minimum)) - 1e-13
            least = torch.where((low <= self.minimum + 1e-6) & (high >= self.minimum - 1e-6), bottom, least)
        if self.rounding == 0.0:
            return least, most
        absolute = UNIT * self.cancellation * torch.maximum(low.abs(), high.abs()) + TINY
        relative = UNIT * self.rounding
        return least - relative * least.abs() - absolute, most + relative * most.abs() + absolute

    def constant(self, bias: float) -> float:
        """``phi(bias)`` in float64, the value of a constant neuron."""
        return float(self(torch.tensor(bias, dtype=torch.float64)))


def require_admissible(phi: Activation) -> None:
    """Check the hypothesis of the constructions.

    Raises:
        SltkError: names what fails, why it matters, and the cure.
    """
    if phi.slope_positive + phi.slope_negative == 0.0:
        raise SltkError(
            f"activation {phi.name!r} has m_+ + m_- = 0 (m_+ = {phi.slope_positive:g}, m_- = {phi.slope_negative:g}): "
            "no sum of its univariate neurons is odd, so no linear map can be built. Choose another first_activation."
        )
    if phi.curved and phi.remainder.order < 2:
        raise SltkError(
            f"activation {phi.name!r} has a remainder of order {phi.remainder.order}: it is not o(x), so small weights "
            "do not make it linear. Choose another first_activation."
        )


def _elu(alpha: float) -> Activation:
    name, bend = f"elu({alpha!r})", Remainder(abs(alpha) / 2.0, 2, math.inf)
    return Activation(name, partial(F.elu, alpha=alpha), 1.0, alpha, 0.0, max(1.0, alpha), bend,
                      evidence="exp(x) - 1 - x lies in [0, x^2/2] for x <= 0")  # fmt: skip


def _leaky_relu(slope: float) -> Activation:
    return Activation(f"leaky_relu({slope!r})", partial(F.leaky_relu, negative_slope=slope), 1.0, slope, 0.0,
                      max(1.0, abs(slope)), Remainder(0.0, 2, math.inf), evidence="piecewise linear")  # fmt: skip


def _erf_slope() -> float:
    return 2.0 / math.sqrt(math.pi)


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_HALF_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)

# Constants are the closed forms; where a bound is not attained by one it is rounded up in the last digit given.
_FIXED: dict[str, Callable[[], Activation]] = {
    "identity": lambda: Activation("identity", _identity, 1.0, 1.0, 0.0, 1.0, Remainder(0.0, 2, math.inf),
                                   evidence="linear", rounding=0.0),
    "relu": lambda: Activation("relu", F.relu, 1.0, 0.0, 0.0, 1.0, Remainder(0.0, 2, math.inf),
                               evidence="piecewise linear", rounding=0.0),
    "tanh": lambda: Activation("tanh", torch.tanh, 1.0, 1.0, 0.0, 1.0, Remainder(1.0 / 3.0 + 1e-16, 3, math.inf),
                               evidence="0 <= x - tanh x <= x^3/3 for x >= 0, odd"),
    "sigmoid": lambda: Activation("sigmoid", torch.sigmoid, 0.25, 0.25, 0.5, 0.25,
                                  Remainder(1.0 / 48.0 + 1e-17, 3, math.inf),
                                  evidence="sigmoid(x) = 1/2 + tanh(x/2)/2 and the bound of tanh"),
    "softplus": lambda: Activation("softplus", partial(F.softplus, threshold=SOFTPLUS_THRESHOLD), 0.5, 0.5,
                                   math.log(2.0), 1.0, Remainder(0.125, 2, math.inf), evidence="0 <= phi'' <= 1/4"),
    "gelu": lambda: Activation("gelu", _gelu, 0.5, 0.5, 0.0, 1.1290, Remainder(_HALF_NORMAL + 1e-16, 2, math.inf),
                               -0.7517915246935645, evidence="phi'' = n(x)(2 - x^2), largest in size at 0: 2 n(0)",
                               cancellation=4.0),
    "silu": lambda: Activation("silu", F.silu, 0.5, 0.5, 0.0, 1.0999, Remainder(0.25, 2, math.inf),
                               -1.2784645427610738, evidence="phi'' is largest in size at 0: 1/2"),
    "selu": lambda: Activation("selu", F.selu, _SELU_SCALE, _SELU_SCALE * _SELU_ALPHA, 0.0, 1.7581,
                               Remainder(0.8791, 2, math.inf), evidence="as elu, times 1.0507 * 1.6733 / 2"),
    "mish": lambda: Activation("mish", F.mish, 0.6, 0.6, 0.0, 1.0885, Remainder(0.3225, 2, math.inf),
                               -1.1924312145137882, evidence="|phi''|/2 and |phi - .6 x|/x^2 bounded by intervals"),
    "softsign": lambda: Activation("softsign", F.softsign, 1.0, 1.0, 0.0, 1.0, Remainder(1.0, 2, math.inf),
                                   evidence="x - x/(1 + |x|) = x |x|/(1 + |x|)"),
    "erf": lambda: Activation("erf", torch.erf, _erf_slope(), _erf_slope(), 0.0, 1.1284,
                              Remainder(_erf_slope() / 3.0 + 1e-15, 3, math.inf), evidence="alternating series"),
}  # fmt: skip
_FAMILIES: dict[str, tuple[Callable[[float], Activation], float]] = {
    "leaky_relu": (_leaky_relu, 0.01),
    "elu": (_elu, 1.0),
}
TABLE = (*_FIXED, *_FAMILIES)


def _identity(x: Tensor) -> Tensor:
    return x


def _gelu(x: Tensor) -> Tensor:
    """``x Phi(x)`` by erfc, which does not cancel for negative x as torch's own ``1 + erf`` does."""
    return 0.5 * x * torch.erfc(-math.sqrt(0.5) * x)


def activation(name: str) -> Activation:
    """The activation of the table that ``name`` spells, such as ``tanh`` or ``leaky_relu(0.2)``.

    Raises:
        SltkError: not in the table; a family's parameter that is not a finite number.
    """
    family, _, rest = name.strip().partition("(")
    if family in _FIXED and not rest:
        return _FIXED[family]()
    if family in _FAMILIES:
        make, default = _FAMILIES[family]
        return make(_parameter(name, rest) if rest else default)
    raise SltkError(f"activation knows {', '.join(TABLE)}, but got {name!r}; characterise your own function instead.")


def _parameter(name: str, rest: str) -> float:
    try:
        value = float(ast.literal_eval(rest.removesuffix(")")))
    except (ValueError, SyntaxError, TypeError) as error:
        raise SltkError(f"activation needs one number in brackets, but got {name!r}.") from error
    if not math.isfinite(value) or value < 0.0:
        raise SltkError(f"activation needs a finite parameter >= 0, but got {name!r}.")
    return value
