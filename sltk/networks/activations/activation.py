"""What the constructions need to know of an elementwise function, and its rigorous interval image.

Hypothesis of the constructions, on the activation of a univariate layer. Near 0 it follows two half lines: with
``mu(x) = m_+ x + d`` for ``x >= 0`` and ``m_- x + d`` for ``x < 0``, where ``m_+ + m_- != 0``,
``|phi(x) - mu(x)| <= K |x|**q`` with ``q >= 2``. Small incoming and large outgoing weights then make the remainder as
small as wanted. ``require_admissible`` checks it.

Slopes and intercepts are the float64 numbers nearest to the exact ones; ``K`` and ``T`` are rounded up.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.numerics.formats import FLOAT64, Format
from sltk.networks.activations.profile import Profile

ULP = 2.0**-52
TINY = 2.0**-1000  # covers what underflows inside an elementary function
BEYOND = 16.0  # further out no summand of size |x| cancels: gelu and elu are constant or linear to the last bit
NEAR_MINIMUM = 1e-6  # a located minimum may be off by this
_CURE = "Pass another activation, such as first_activation=activation('relu'), for the univariate layers."


@dataclass(frozen=True)
class Remainder:
    """``|phi(x) - mu(x)| <= coefficient * |x|**order`` for ``|x| <= radius``."""

    coefficient: float
    order: int
    radius: float


@dataclass(frozen=True)
class Curve:
    """``|phi(x) - mu(x) - c |x|**order| <= rest.coefficient * |x|**rest.order`` with ``c = right`` for ``x > 0``, else
    ``left``, for ``|x| <= rest.radius``. The two are within ``2**-50`` of their sizes."""

    order: int
    right: float
    left: float
    rest: Remainder


@dataclass(frozen=True)
class Rounding:
    """``|computed - phi(x)| <= relative |computed| + absolute min(|x|, 16) + 2**-1000`` in float64; both 0 if exact."""

    relative: float = 8.0 * ULP
    absolute: float = 8.0 * ULP


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
        float32: the same in float32, where it has to be said: for a function of one's own.
        profile: how steep it is where; ``None`` where only ``lipschitz`` and ``minimum`` are known.
        curve: the first term of the remainder with its sign; ``None`` where only the size is known.
        twofold: phi in twice the precision (`sltk.networks.activations.twofold`); ``None`` where there is no such code.
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
    float32: Rounding | None = None
    profile: Profile | None = field(default=None, compare=False, repr=False)
    curve: Curve | None = field(default=None, compare=False, repr=False)
    twofold: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = field(default=None, compare=False, repr=False)

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

    @property
    def smooth(self) -> bool:
        """Whether a profile says how far phi bends: it has one, and is not of straight pieces."""
        return self.profile is not None and not self.profile.straight

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
            # Half lines turn at 0, whatever was located.
            place, near = (self.minimum, NEAR_MINIMUM) if self.curved else (0.0, 0.0)
            inside = (low <= place + near) & (high >= place - near)
            least = torch.where(inside, float(self._bottom(place)), least)
        return least, most

    def slopes(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest slope between two points of ``[low, high]``, entry by entry; a superset where not known."""
        if self.profile is not None:
            return self.profile.slopes(low, high)
        least = 0.0 if self.minimum is None else -self.lipschitz
        return torch.full_like(low, least), torch.full_like(low, self.lipschitz)

    def bends(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest second derivative on ``[low, high]``, entry by entry; infinite where there may be none."""
        if self.profile is not None:
            return self.profile.bends(low, high)
        return torch.full_like(low, -math.inf), torch.full_like(low, math.inf)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the slope is known to jump."""
        return () if self.profile is None else self.profile.kinks

    def constant(self, bias: float) -> float:
        """``phi(bias)`` in float64: the value of a constant neuron with this bias."""
        return float(self(torch.tensor(bias, dtype=torch.float64)))

    def rounding_in(self, run: Format) -> Rounding:
        """How far ``function`` is from phi in a format, in the units of the format.

        In float32 a function of the table is off by as many units in the last place as in float64, and by one more,
        for numbers of its own that float32 rounds. That is an assumption on torch's kernels, which are polynomials and
        quotients of a few units' error; ``tests/networks/activations`` holds them against float64 on five million
        numbers.

        Raises:
            SltkError: a function of one's own whose rounding in float32 has not been stated.
        """
        if run == FLOAT64:
            return self.rounding
        if self.float32 is not None:
            return self.float32
        if self.status != "proved":
            raise SltkError(
                f"activation {self.name!r} does not say how far its function is from phi in {run.name}; state it, with "
                "dataclasses.replace(activation, float32=Rounding(relative=..., absolute=...)) in multiples of 2**-23."
            )
        ulp = 2.0 * run.unit
        own = "(" in self.name
        return Rounding((self.rounding.relative / ULP + own) * ulp, self.rounding.absolute / ULP * ulp)

    def allowances(self, run: Format) -> tuple[float, float, float]:
        """``(r, a, t)`` with ``|computed - phi(x)| <= r |phi(x)| + a min(|x|, 16) + t`` in a format; all 0 if exact."""
        rounding = self.rounding_in(run)
        if rounding.relative == rounding.absolute == 0.0:
            return 0.0, 0.0, 0.0
        # The rounding speaks of the computed value; the last terms pay for that, and for these sums.
        relative = rounding.relative / (1.0 - rounding.relative) + 8.0 * ULP
        return relative, (1.0 + 2.0 * relative) * rounding.absolute, 2.0 * run.tiny

    def allowance(self, size: Tensor, value: Tensor, run: Format) -> Tensor:
        """Upper bound of ``|computed - phi(x)|`` in a format.

        Args:
            size: upper bounds of ``|x|``, float64; value: of ``|phi(x)|``.
            run: the format.
        """
        relative, absolute, tiny = self.allowances(run)
        return relative * value + absolute * size.clamp(max=BEYOND) + tiny

    def _slack(self, x: Tensor, values: Tensor) -> Tensor:
        relative, absolute = self.rounding.relative, self.rounding.absolute
        if relative == absolute == 0.0:
            return torch.zeros_like(values)
        # One unit more than the allowance, for rounding in the allowance itself and in adding it.
        return (relative + ULP) * values.abs() + absolute * x.abs().clamp(max=BEYOND) + TINY

    def _bottom(self, minimum: float) -> Tensor:
        place = torch.tensor(minimum, dtype=torch.float64)
        value = self(place)
        # Within 1e-6 of the located minimum phi is flat: 1e-13 covers the square of what the location is off by.
        return value - self._slack(place, value) - 1e-13 * (1.0 + value.abs())


def require_admissible(phi: Activation) -> None:
    """Check that ``phi`` satisfies the hypothesis of the constructions, and is Lipschitz.

    Raises:
        SltkError: names what fails, why it matters, and the cure.
    """
    if phi.curved and phi.remainder.order < 2:
        raise SltkError(
            f"activation {phi.name!r} leaves its half lines at 0 by a remainder of order {phi.remainder.order}, which "
            f"is not o(x) (a jump has order 0): no scale of the weights makes it linear. {_CURE}"
        )
    require_slopes(phi.name, phi.slope_positive, phi.slope_negative)
    numbers = (phi.slope_positive, phi.slope_negative, phi.intercept, phi.lipschitz, phi.remainder.coefficient)
    if not all(map(math.isfinite, numbers)):
        raise SltkError(
            f"activation {phi.name!r} has the constants m_+ = {phi.slope_positive:g}, m_- = {phi.slope_negative:g}, "
            f"d = {phi.intercept:g}, T = {phi.lipschitz:g}, K = {phi.remainder.coefficient:g}; all must be finite, "
            f"or errors cannot be bounded. {_CURE}"
        )


def require_slopes(name: str, right: float, left: float) -> None:
    """Check that ``m_+ + m_-`` is not 0, up to a millionth of their sizes.

    Raises:
        SltkError: it is; says why that matters, and the cure.
    """
    if abs(right + left) <= 1e-6 * (abs(right) + abs(left)):
        raise SltkError(
            f"activation {name!r} has m_+ + m_- = 0 (m_+ = {right:g}, m_- = {left:g}): the odd part of its univariate "
            f"neurons vanishes to first order, so no sum of them is linear. {_CURE}"
        )
