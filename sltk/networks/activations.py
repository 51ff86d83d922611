"""Activation functions, with what the constructions need to know of them.

Hypothesis of the constructions, on the activation of a univariate layer. Near 0 it follows two half lines: with
``mu(x) = m_+ x + d`` for ``x >= 0`` and ``m_- x + d`` for ``x < 0``, where ``m_+ + m_- != 0``,
``|phi(x) - mu(x)| <= K |x|**q`` with ``q >= 2``. Small incoming and large outgoing weights then make the remainder as
small as wanted. ``require_admissible`` checks it.

Slopes and intercepts are the float64 numbers nearest to the exact ones; ``K`` and ``T`` are rounded up.
"""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.core.errors import SltkError

ULP = 2.0**-52
TINY = 2.0**-1000  # covers what underflows inside an elementary function
BEYOND = 16.0  # further out no summand of size |x| cancels: gelu and elu are constant or linear to the last bit
NEAR_MINIMUM = 1e-6  # a located minimum may be off by this


@dataclass(frozen=True)
class Remainder:
    """``|phi(x) - mu(x)| <= coefficient * |x|**order`` for ``|x| <= radius``."""

    coefficient: float
    order: int
    radius: float


@dataclass(frozen=True)
class Rounding:
    """``|computed - phi(x)| <= relative |computed| + absolute min(|x|, 16) + 2**-1000`` in float64; both 0 if exact."""

    relative: float = 8.0 * ULP
    absolute: float = 8.0 * ULP


EXACT, ONE_PRODUCT, RELATIVE = Rounding(0.0, 0.0), Rounding(ULP, 0.0), Rounding(absolute=0.0)


@dataclass(frozen=True)
class Activation:
    """An elementwise function and its constants.

    Attributes:
        name: canonical text, such as ``leaky_relu(0.01)``.
        function: elementwise, on tensors of any float dtype.
        slope_positive: ``m_+``, the slope to the right of 0.
        slope_negative: ``m_-``, the slope to the left of 0.
        intercept: ``d = phi(0)``.
        lipschitz: T, an upper bound over all of R.
        remainder: of ``mu``; coefficient 0 where phi equals ``mu``.
        minimum: where a phi that falls first and rises then has its minimum; ``None`` where phi never falls.
        status: ``proved``, or ``measured`` where the constants are estimates.
        evidence: why the constants hold.
        rounding: how far ``function`` is from phi in float64; the default allows 8 units in the last place.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    slope_positive: float
    slope_negative: float
    intercept: float
    lipschitz: float
    remainder: Remainder
    minimum: float | None = None
    status: Literal["proved", "measured"] = "proved"
    evidence: str = ""
    rounding: Rounding = Rounding()

    def __call__(self, x: Tensor) -> Tensor:
        """``phi(x)``, elementwise, in the dtype of ``x``."""
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
        """Enclosure of ``{phi(x): low <= x <= high}``.

        phi never falls, or falls up to ``minimum`` and rises from there, so its extremes are at the ends or at the
        minimum. What is computed there is moved outward by the rounding allowance; an exact phi stays as it is.

        Args:
            low: float64, of any shape.
            high: the same shape, at least ``low``.

        Returns:
            Lower and upper ends, float64 of that shape; too wide by at most twice the rounding allowance, and by
            ``1e-13 (1 + |phi|)`` where a minimum is inside.
        """
        ends = torch.stack((low, high))
        values = self(ends)
        slack = self._slack(ends, values)
        least, most = (values - slack).amin(0), (values + slack).amax(0)
        if self.minimum is not None:
            inside = (low <= self.minimum + NEAR_MINIMUM) & (high >= self.minimum - NEAR_MINIMUM)
            least = torch.where(inside, self._bottom(), least)
        return least, most

    def constant(self, bias: float) -> float:
        """``phi(bias)`` in float64: the value of a constant neuron with this bias."""
        return float(self(torch.tensor(bias, dtype=torch.float64)))

    def _slack(self, x: Tensor, values: Tensor) -> Tensor:
        relative, absolute = self.rounding.relative, self.rounding.absolute
        if relative == absolute == 0.0:
            return torch.zeros_like(values)
        # One unit more than the allowance, for rounding in the allowance itself and in adding it.
        return (relative + ULP) * values.abs() + absolute * x.abs().clamp(max=BEYOND) + TINY

    def _bottom(self) -> Tensor:
        place = torch.tensor(self.minimum, dtype=torch.float64)
        value = self(place)
        # Within 1e-6 of the located minimum phi is flat: 1e-13 covers the square of what the location is off by.
        return value - self._slack(place, value) - 1e-13 * (1.0 + value.abs())


def require_admissible(phi: Activation) -> None:
    """Check that ``phi`` satisfies the hypothesis of the constructions, and is Lipschitz.

    Raises:
        SltkError: names what fails, why it matters, and the cure.
    """
    cure = "Pass another activation, such as first_activation=activation('relu'), for the univariate layers."
    numbers = (phi.slope_positive, phi.slope_negative, phi.intercept, phi.lipschitz, phi.remainder.coefficient)
    if phi.curved and phi.remainder.order < 2:
        raise SltkError(
            f"activation {phi.name!r} leaves its half lines at 0 by a remainder of order {phi.remainder.order}, which "
            f"is not o(x) (a jump has order 0): no scale of the weights makes it linear. {cure}"
        )
    total, size = phi.slope_positive + phi.slope_negative, abs(phi.slope_positive) + abs(phi.slope_negative)
    if abs(total) <= 1e-6 * size:
        raise SltkError(
            f"activation {phi.name!r} has m_+ + m_- = 0 (m_+ = {phi.slope_positive:g}, m_- = {phi.slope_negative:g}): "
            f"the odd part of its univariate neurons vanishes to first order, so no sum of them is linear. {cure}"
        )
    if not all(map(math.isfinite, numbers)):
        raise SltkError(
            f"activation {phi.name!r} has the constants m_+ = {phi.slope_positive:g}, m_- = {phi.slope_negative:g}, "
            f"d = {phi.intercept:g}, T = {phi.lipschitz:g}, K = {phi.remainder.coefficient:g}; all must be finite, "
            f"or errors cannot be bounded. {cure}"
        )


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
        "sltk.networks.characterise.characterise(function, name)."
    )


def _parameter(name: str, rest: str) -> float:
    try:
        value = ast.literal_eval(rest.removesuffix(")")) if rest.endswith(")") else None
    except (ValueError, SyntaxError) as error:
        raise SltkError(f"activation needs one number in brackets, but got {name!r}.") from error
    if type(value) not in (int, float) or not 0.0 <= value < math.inf:
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
               evidence="Taylor: |phi'''| = |6 t^4 - 8 t^2 + 2| <= 2 with t = tanh x; phi' = 1 - t^2 <= 1", rounding=RELATIVE),
    Activation("sigmoid", torch.sigmoid, 0.25, 0.25, 0.5, 0.25, Remainder(_up(1.0 / 48.0), 3, math.inf),
               evidence="phi(x) = 1/2 + tanh(x/2)/2 and the bounds of tanh", rounding=RELATIVE),
    # torch cuts softplus off at 20, where that makes a jump of 2e-9; at 40 it is below the last place.
    Activation("softplus", partial(F.softplus, threshold=40.0), 0.5, 0.5, math.log(2.0), 1.0,
               Remainder(0.125, 2, math.inf), evidence="Taylor: 0 <= phi'' <= 1/4; phi' = sigmoid <= 1",
               rounding=RELATIVE),
    Activation("gelu", F.gelu, 0.5, 0.5, 0.0, 1.128905, Remainder(_up(_NORMAL_PEAK), 2, math.inf),
               minimum=-0.7517915246935645,
               evidence="phi(x) - x/2 = x (P(x) - 1/2) and |P(x) - 1/2| <= |x| p(0), P and p the normal law's; "
                        "|phi'| is largest at sqrt 2, where it is 1.1289042"),
    Activation("silu", F.silu, 0.5, 0.5, 0.0, 1.09984, Remainder(0.25, 2, math.inf), minimum=-1.2784645427610737,
               evidence="phi(x) - x/2 = x tanh(x/2)/2; |phi'| is largest at 2.39936, where it is 1.0998394",
               rounding=RELATIVE),
    Activation("selu", F.selu, _SELU_SCALE, _SELU_SLOPE, 0.0, _up(_SELU_SLOPE),
               Remainder(_up(_SELU_SLOPE / 2.0), 2, math.inf),
               evidence="scale times elu(alpha), scale = 1.0507010, alpha = 1.6732632"),
    Activation("mish", F.mish, 0.6, 0.6, 0.0, 1.0885, Remainder(0.321405, 2, math.inf), minimum=-1.1924312145154952,
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
