"""Constants of an activation of one's own, measured in float64.

Near 0: one-sided slopes by Richardson extrapolation, the order and size of the remainder, both from values at powers
of two. On all of ``[-1024, 1024]``: slopes between neighbouring points. What is measured on points is no bound, so the
Lipschitz constant and the remainder's coefficient are raised by 1%, and the activation is marked ``measured``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation, Remainder, require_admissible, require_slopes
from sltk.networks.activations.probe import Probe

RADIUS = 8.0
SAFETY = 1.01
STEPS = tuple(2.0**-k for k in range(2, 12))  # on each side of 0
SAME_SLOPE = 1e-8  # slopes that differ by less, relatively, are taken to be equal
NOISE = 2.0**-44  # relative; a remainder below is rounding


@dataclass(frozen=True)
class Measured:
    """One constant: its value, an estimate of its error, and how it was found."""

    quantity: str
    value: float
    error: float
    how: str


@dataclass(frozen=True)
class Characterisation:
    """An activation with the evidence of its constants; ``print`` shows it as a table."""

    activation: Activation
    constants: tuple[Measured, ...]

    def __str__(self) -> str:
        rows = [f"  {c.quantity:<12} {c.value:>14.8g}  +- {c.error:8.1e}  {c.how}" for c in self.constants]
        return "\n".join([f"{self.activation.name}: {self.activation.status}", *rows])


def characterise(function: Callable[[Tensor], Tensor], name: str) -> Activation:
    """The activation that ``function`` computes, with measured constants; see ``evidence_of`` for how each was found.

    Args:
        function: elementwise on float64 tensors, deterministic; it may be a module.
        name: by which tickets refer to it.

    Returns:
        An activation of status ``measured``. Slopes and intercept are good to about 1e-10. The remainder's radius is 8
        unless phi equals its half lines; K and T are 1% above the largest value seen.

    Raises:
        SltkError: NaN, a jump, an unbounded slope, ``m_+ + m_- = 0``, a remainder that is not of order 2 or more, or
            more than one turning point; says which, and what to do.
    """
    return evidence_of(function, name).activation


def evidence_of(function: Callable[[Tensor], Tensor], name: str) -> Characterisation:
    """As ``characterise``, with every constant, its error and its origin."""
    probe = Probe(function, name)
    probe.require_continuous()
    intercept = probe.at(0.0)
    right, left = one_sided_slope(probe, 1), one_sided_slope(probe, -1)
    slopes = _joined(right, left)
    _require_half_lines(probe, slopes, max(right[1], left[1]))
    remainder, order, near = _remainder(probe, slopes, intercept)
    steepest, place = probe.steepest()
    minimum = probe.minimum()
    constants = (
        Measured("intercept d", intercept, 0.0, "value at 0"),
        Measured("slope m_+", slopes[0], right[1], "Richardson extrapolation of (phi(h) - d)/h, h = 2^-2 ... 2^-11"),
        Measured("slope m_-", slopes[1], left[1], "the same for h < 0"),
        Measured("order q", float(remainder.order), 0.0, f"log2 of remainders at h and h/2: {order:.3f}"),
        Measured("remainder K", remainder.coefficient, 0.01 * remainder.coefficient, near),
        Measured("Lipschitz T", SAFETY * steepest, 0.01 * steepest, f"steepest near x = {place:.5g}, raised by 1%"),
        *([] if minimum is None else [Measured("minimum at", minimum, 1e-8, "ternary search; it falls, then rises")]),
    )
    phi = Activation(
        name, function, *slopes, intercept, SAFETY * steepest, remainder, minimum, status="measured",
        evidence="; ".join(f"{c.quantity} = {c.value:.8g}: {c.how}" for c in constants),
    )  # fmt: skip
    require_admissible(phi)
    return Characterisation(phi, constants)


def one_sided_slope(probe: Probe, side: int) -> tuple[float, float]:
    """Limit of ``(phi(side h) - phi(0)) / (side h)`` for ``h -> 0``, and an estimate of its error.

    Neville's scheme on ``h = 2^-2 ... 2^-11`` removes one power of h a column. Of all entries the one that changed
    least from its neighbours is taken, plus what rounding can contribute.
    """
    zero = probe.at(0.0)
    column = [(probe.at(side * h) - zero) / (side * h) for h in STEPS]
    noise = 2.0**-52 * (abs(zero) + max(abs(c) for c in column))
    best, error = column[-1], abs(column[-1] - column[-2]) + noise / STEPS[-1]
    for power in range(1, len(STEPS)):
        factor = 2.0**power
        finer = [(factor * b - a) / (factor - 1.0) for a, b in pairwise(column)]
        for index, value in enumerate(finer):
            doubt = abs(value - column[index + 1]) + 2.0 * noise / STEPS[index + power]
            if doubt < error:
                best, error = value, doubt
        column = finer
    return best, error


def _require_half_lines(probe: Probe, slopes: tuple[float, float], error: float) -> None:
    if error > 1e-6 * (1.0 + max(map(abs, slopes))):
        raise SltkError(
            f"activation {probe.name!r} has no one-sided slope at 0 that could be measured (off by {error:.1e}): "
            "it has a root there, or a remainder of order below 2, and only orders from 2 on are constructed. "
            "Choose another first_activation."
        )
    require_slopes(probe.name, *slopes)


def _joined(right: tuple[float, float], left: tuple[float, float]) -> tuple[float, float]:
    """Slopes as the constructions use them: a short decimal where one is within the error, equal where they agree."""
    m_right, m_left = (_short(value, max(error, 1e-13)) for value, error in (right, left))
    if abs(m_right - m_left) <= SAME_SLOPE * max(abs(m_right), abs(m_left)) + right[1] + left[1]:
        closer = m_right if right[1] <= left[1] else m_left
        return closer, closer
    return m_right, m_left


def _short(value: float, error: float) -> float:
    """The decimal of at most 8 places next to ``value`` if it is within ``2 error``."""
    short = round(value, 8)
    return short + 0.0 if abs(short - value) <= 2.0 * error else value


def _remainder(probe: Probe, slopes: tuple[float, float], intercept: float) -> tuple[Remainder, float, str]:
    """The remainder of the half lines, its order as measured, and how its coefficient was found."""

    def off(x: Tensor) -> Tensor:
        line = torch.where(x >= 0, slopes[0] * x, slopes[1] * x) + intercept
        gap = (probe(x) - line).abs()
        return torch.where(gap <= NOISE * (line.abs() + abs(intercept) + x.abs()), torch.zeros_like(gap), gap)

    if not bool(off(probe.wide).any()):
        return Remainder(0.0, 2, math.inf), math.inf, "equal to its half lines on [-1024, 1024]"
    order = min(_order(off, 1), _order(off, -1))
    if order < 1.9:
        raise SltkError(
            f"activation {probe.name!r} leaves its half lines at 0 like |x|^{order:.2f}; only remainders of order 2 "
            "and more are constructed. Choose another first_activation."
        )
    whole = 2 if math.isinf(order) else min(math.floor(order + 0.1), 5)
    x = probe.fine[probe.fine.abs() >= 2.0**-6]
    ratio = off(x) / x.abs() ** whole
    largest, place = float(ratio.max()), float(x[int(ratio.argmax())])
    limit = max(_limit(off, 1, whole), _limit(off, -1, whole))
    if limit > largest:
        largest, place = limit, 0.0
    if largest == 0.0:  # straight on [-8, 8], but not beyond
        y = probe.wide[probe.wide != 0]
        largest, place = float((off(y) / y**2).max()), math.copysign(RADIUS, 1.0)
    text = f"largest |phi - mu|/|x|^{whole} on [-8, 8], at x = {place:.5g}, raised by 1%"
    return Remainder(SAFETY * largest, whole, RADIUS), order, text


def _order(off: Callable[[Tensor], Tensor], side: int) -> float:
    """Order at which the remainder vanishes at 0 on one side; infinite where it is rounding from some point on."""
    h = torch.tensor([2.0**-k for k in range(2, 12)], dtype=torch.float64)
    gap = off(side * h)
    usable = gap > 1e-12
    pairs = usable[:-1] & usable[1:]
    if not bool(pairs.any()):
        return math.inf
    orders = torch.log2(gap[:-1] / gap[1:])[pairs]
    if len(orders) < 3:
        return float(orders[-1]) if bool(usable[-1]) or len(orders) > 1 else math.inf
    # The measured order is q + c h + ...: one step of extrapolation removes c h.
    extrapolated = 2.0 * orders[1:] - orders[:-1]
    middle = len(extrapolated) // 2
    return float(extrapolated[middle:].median())


def _limit(off: Callable[[Tensor], Tensor], side: int, order: int) -> float:
    """Limit of ``|phi - mu| / h^q`` at 0, extrapolated once from the smallest h at which rounding does not matter."""
    h = torch.tensor([2.0**-4, 2.0**-5, 2.0**-6], dtype=torch.float64)
    ratio = (off(side * h) / h**order).tolist()
    first = [2.0 * b - a for a, b in pairwise(ratio)]
    return max(0.0, (4.0 * first[1] - first[0]) / 3.0)
