"""Planes above and below what an activation does to differences: ``a y + b d + c`` against ``phi(y) - phi(y - d)``.

With ``phi'(u)`` in ``k u + [l, h]`` over where both arguments lie, ``phi(y) - phi(y - d)`` is ``e d + k (y d - d^2/2)``
with e in ``[l, h]``. The first term lies below the chord of the convex ``max(l d, h d)``; with ``y = Y + v``,
``d = X + w`` and half widths r, s the second is ``Y d + X y - X Y + v w`` with ``|v w| <= r s``; and the square lies
on one side of a tangent, on the other of a chord. So on small boxes planes are off by second order, where lines in d
alone are off by the first.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.lines import ROUNDING

CELLS = 6
FAR = 1e100


class Plane(NamedTuple):
    """``of_y y + of_d d + level``."""

    of_y: Tensor
    of_d: Tensor
    level: Tensor

    def at(self, y: Tensor, d: Tensor) -> Tensor:
        """Its value."""
        return self.of_y * y + self.of_d * d + self.level

    def negative(self) -> "Plane":
        """Of the negative function."""
        return Plane(*(-one for one in self))

    def where(self, here: Tensor, other: "Plane") -> "Plane":
        """This one where ``here``, else the other."""
        return Plane(*(torch.where(here, one, two) for one, two in zip(self, other, strict=True)))


class Slopes(NamedTuple):
    """``phi'(u)`` lies in ``steep u + [low, high]``."""

    steep: Tensor
    low: Tensor
    high: Tensor

    def negative(self) -> "Slopes":
        """Of ``-phi``."""
        return Slopes(-self.steep, -self.high, -self.low)


def flat_slopes(phi: Activation, u: Interval) -> Slopes:
    """Between the least and the largest."""
    least, most = phi.slopes(u.low, u.high)
    return Slopes(torch.zeros_like(least), least, most)


def leaning_slopes(phi: Activation, u: Interval) -> Slopes | None:
    """About the chord of ``phi'``; ``None`` for a phi of straight pieces, and of unknown ones.

    On a cell of half width r with middle m, ``phi'(u) - k u`` is within ``r max |phi'' - k|`` of its value at m.
    """
    if not phi.smooth:
        return None
    (first, _), (last, _), width = phi.slopes(u.low, u.low), phi.slopes(u.high, u.high), u.high - u.low
    steep = torch.where(width > 0, (last - first) / torch.where(width > 0, width, 1.0), torch.zeros_like(width))
    low, high = torch.full_like(width, math.inf), torch.full_like(width, -math.inf)
    for cell in range(CELLS):
        start = u.low + width * (cell / CELLS)
        # The cells overlap by more than their ends can be off.
        half = width / (2 * CELLS) * (1 + 2.0**-40) + 2.0**-50 * (u.low.abs() + width)
        middle = start + width / (2 * CELLS)
        least, most = phi.slopes(middle, middle)
        bends = phi.bends(middle - half, middle + half)
        off = half * torch.maximum((bends[0] - steep).abs(), (bends[1] - steep).abs())
        off = off + ROUNDING * (off + (steep * middle).abs() + most.abs())
        low, high = torch.minimum(low, least - steep * middle - off), torch.maximum(high, most - steep * middle + off)
    known = torch.isfinite(low) & torch.isfinite(high)
    return Slopes(steep, torch.where(known, low, -FAR), torch.where(known, high, FAR))


def chord(slopes: Slopes, d: Interval) -> tuple[Tensor, Tensor]:
    """Slope and level of a line above ``e d`` for every e in ``[low, high]``."""
    left, right = (torch.maximum(slopes.low * end, slopes.high * end) for end in (d.low, d.high))
    width = d.high - d.low
    slope = torch.where(width > 0, (right - left) / torch.where(width > 0, width, 1.0), torch.zeros_like(width))
    level = torch.maximum(left - slope * d.low, right - slope * d.high)
    return slope, level + ROUNDING * torch.maximum(slopes.low.abs(), slopes.high.abs()) * d.magnitude


def product_above(slopes: Slopes, y: Interval, t: Interval) -> Plane:
    """A plane above ``phi'(y) t``, for ``phi'`` within ``slopes``."""
    slope, level = chord(slopes, t)
    middle, half = about(y)
    centre, spread = about(t)
    steep = slopes.steep
    found = level + steep.abs() * half * spread - steep * centre * middle
    size = level.abs() + steep.abs() * y.magnitude * t.magnitude * 4
    return Plane(steep * centre, slope + steep * middle, found + ROUNDING * size)


def difference_above(slopes: Slopes, y: Interval, d: Interval) -> Plane:
    """A plane above ``phi(y) - phi(y - d)``, for ``phi'`` within ``slopes`` where y and ``y - d`` lie."""
    plane, steep = product_above(slopes, y, d), slopes.steep
    centre, _ = about(d)
    # -k d^2/2: below its tangent in the middle where k > 0, below its chord else.
    bent = torch.where(steep > 0, steep * centre.square() / 2, steep * d.low * d.high / 2)
    size = steep.abs() * d.magnitude.square() * 4
    return Plane(plane.of_y, plane.of_d - steep * centre, plane.level + bent + ROUNDING * size)


def charged(plane: Plane, y: Interval, d: Interval, terms: int) -> Plane:
    """The same with the rounding of substitution in its level, for sums of at most ``terms``."""
    size = plane.of_y.abs() * y.magnitude + plane.of_d.abs() * d.magnitude + plane.level.abs()
    return plane._replace(level=plane.level + (terms + 16) * 2.0**-52 * size)


def about(x: Interval) -> tuple[Tensor, Tensor]:
    """Middle and half width, enough to hold both ends."""
    middle = (x.low + x.high) / 2
    return middle, torch.maximum(x.high - middle, middle - x.low)
