"""What the first stages read: the input x, and what curves of it add to their chords.

A stage on the input adds ``h x - c |x|^q`` with other h, c for each sign of x, row by row. Its curves ``|x|``,
``x |x|^(q-1)`` and ``|x|^q`` are the same for all rows and copies; each is its chord on the box, a line, and a rest
that is small on small boxes. Rests count as further inputs, so that copies cancel in them as they do in x.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.boxes.matrices import Univariate
from sltk.certify.differential.univariate import SLACK, turns, value
from sltk.core.numerics.intervals import Interval

Curve = tuple[str, int]  # its name, and the order of its power
# By its name: a for positive and negative x of a line, c likewise of a power.
SIDES = {"fold": ((1.0, -1.0), (0.0, 0.0)), "odd": ((0.0, 0.0), (1.0, -1.0)), "even": ((0.0, 0.0), (1.0, 1.0))}


def curves_of(own: Univariate) -> dict[Curve, Tensor]:
    """Coefficients of the curves that occur, ``(rows, inputs)``."""
    found: dict[Curve, Tensor] = {("fold", 1): (own.line[0] - own.line[1]) / 2}
    if own.curve is not None:
        found[("odd", own.order)] = (own.curve[1] - own.curve[0]) / 2
        found[("even", own.order)] = -(own.curve[0] + own.curve[1]) / 2
    return {name: c for name, c in found.items() if bool(c.any())}


@dataclass(frozen=True)
class Ground:
    """The input on boxes.

    Attributes:
        x: ``(boxes, inputs)``.
        chords: slopes of the chords of curves, ``(boxes, inputs)``.
        extended: x and the rests of the curves, in order, ``(boxes, inputs * (1 + curves))``.
    """

    x: Interval
    chords: dict[Curve, Tensor]
    extended: Interval

    @classmethod
    def of(cls, x: Interval, curves: Sequence[Curve]) -> "Ground":
        """With the rests of these curves."""
        found = {curve: _rest(curve, x) for curve in curves}
        low, high = (
            torch.cat([end, *(getattr(rest, side) for _, rest in found.values())], 1)
            for end, side in ((x.low, "low"), (x.high, "high"))
        )
        return cls(x, {curve: slope for curve, (slope, _) in found.items()}, Interval(low, high))

    def padded(self, matrix: Tensor) -> Tensor:
        """A matrix on x as one on all inputs."""
        return torch.cat((matrix, matrix.new_zeros(len(matrix), len(self.chords) * matrix.shape[1])), 1)

    def matrix(self, own: Univariate) -> Tensor:
        """``sum_i h_ri(x_i)`` as a matrix ``(boxes, rows, all inputs)``."""
        coefficients = curves_of(own)
        line, nothing = (own.line[0] + own.line[1]) / 2, torch.zeros_like(own.line[0])
        slope = line + sum(c * self.chords[name][:, None] for name, c in coefficients.items())
        rests = [coefficients.get(name, nothing).expand(len(self.x.low), -1, -1) for name in self.chords]
        return torch.cat((slope.expand(len(self.x.low), -1, -1), *rests), -1)


def _rest(curve: Curve, x: Interval) -> tuple[Tensor, Interval]:
    """The chord's slope, and where the curve minus the chord's line through 0 lies."""
    name, order = curve
    line, bent = (tuple(torch.full_like(x.low, side) for side in sides) for sides in SIDES[name])
    power = None if name == "fold" else bent
    ends, width = [value(line, power, order, end) for end in (x.low, x.high)], x.high - x.low
    slope = torch.where(width > 0, (ends[1] - ends[0]) / torch.where(width > 0, width, 1.0), line[0])
    least, most, size = spread_of(tuple(one - slope for one in line), power, order, x)
    return slope, Interval(least - SLACK * size, most + SLACK * size)


def spread_of(
    line: tuple[Tensor, ...], curve: tuple[Tensor, ...] | None, order: int, x: Interval
) -> tuple[Tensor, Tensor, Tensor]:
    """Least and largest values, as computed, of functions of one number, and the sizes of their terms."""
    seen = [value(line, curve, order, end) for end in (x.low, x.high)]
    least, most = torch.minimum(*seen), torch.maximum(*seen)
    for turn in turns(line, curve, order):
        inside, at = (x.low < turn) & (turn < x.high), value(line, curve, order, turn)
        least = torch.where(inside, torch.minimum(least, at), least)
        most = torch.where(inside, torch.maximum(most, at), most)
    size = torch.maximum(line[0].abs(), line[1].abs()) * x.magnitude
    if curve is not None:
        size = size + torch.maximum(curve[0].abs(), curve[1].abs()) * x.magnitude**order
    return least, most, size
