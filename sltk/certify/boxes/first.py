"""A shortcut from what leaves a stage on the input to the input: lines in it of every value, made once for all rows.

For the copies of a neuron together, ``t = sum_a v_a d_a`` is a functional of the input as well, so that its range, and
with it the gate of every row, costs two small products (``sltk.certify.boxes.together``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.boxes.activated import Activated
from sltk.certify.boxes.functional import Functional, Total, dot
from sltk.certify.boxes.planes import Plane
from sltk.certify.boxes.stages import Mapped, StageMatrices, times
from sltk.certify.boxes.together import Line, Reached, sums_of, together
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma


@dataclass(frozen=True)
class FirstStage:
    """Lines in the input x above and below every value that leaves the stage.

    Attributes:
        x: where the input lies, ``(boxes, inputs)``.
        target, difference: below and above.
        mapped, activated: the stage itself.
        count: relative rounding of its sums.
    """

    x: Interval
    target: tuple[Line, Line]
    difference: tuple[Line, Line]
    mapped: Mapped
    activated: Activated
    count: float

    @classmethod
    def of(cls, stage: StageMatrices, mapped: Mapped, act: Activated, x: Interval) -> "FirstStage":
        """From the stage's map and activation."""
        count, lines = gamma(4 * sum(mapped.on_copies.shape[-2:]) + 256), act.target
        nothing = torch.zeros_like(lines.low)
        alone = [Plane(lines.slope_low, nothing, lines.low), Plane(lines.slope_high, nothing, lines.high)]
        target = tuple(_line(plane, sign, mapped, x, count, 1) for plane, sign in zip(alone, (-1.0, 1.0), strict=True))
        planes = zip((act.below, act.above), (-1.0, 1.0), strict=True)
        difference = tuple(_line(plane, sign, mapped, x, count, stage.copies) for plane, sign in planes)
        return cls(x, (target[0], target[1]), (difference[0], difference[1]), mapped, act, count)

    def upper(self, form: Functional) -> Tensor:
        """Upper bounds of functionals of what leaves the stage, ``(boxes, rows)``."""
        parts: list[Reached] = []
        if form.target is not None:
            parts.append(self._apart(form.target, self.target))
        if form.difference is not None and self.activated.gate is None:
            parts.append(self._apart(form.difference, self.difference))
        elif form.difference is not None:
            own = sums_of(form.difference, self.activated, self.mapped, self.difference, self.count, self.x)
            parts.append(together(own, self.activated, self.mapped, self.x, self.count))
        total, slope = Total(), sum((one.slope for one in parts[1:]), parts[0].slope)
        total.add(dot(slope.clamp(min=0), self.x.high) + dot(slope.clamp(max=0), self.x.low))
        for one in parts:
            total.add(one.constant)
            total.add(self.count * (one.size + dot(slope.abs(), self.x.magnitude)))
        return total.upper()

    def _apart(self, c: Tensor, lines: tuple[Line, Line]) -> Reached:
        """Every entry by itself."""
        rising, falling = c.clamp(min=0), c.clamp(max=0)
        slope = torch.matmul(rising, lines[1].slope) + torch.matmul(falling, lines[0].slope)
        size = dot(rising, lines[1].constant.abs()) - dot(falling, lines[0].constant.abs())
        constant = dot(rising, lines[1].constant) + dot(falling, lines[0].constant)
        return Reached(slope, constant, size + dot(slope.abs(), self.x.magnitude))


def _line(plane: Plane, sign: float, mapped: Mapped, x: Interval, count: float, copies: int) -> Line:
    """A plane in y and d as a line in x, moved up for ``sign`` 1, down for -1, with the rounding of sums of it."""
    matrix = mapped.of_target.repeat_interleave(copies, 0)
    y = Interval(*(end.repeat_interleave(copies, 1) for end in (mapped.target.low, mapped.target.high)))
    slope, level = plane.of_y[..., None] * matrix, sign * plane.level
    level = level + torch.maximum(sign * plane.of_y * y.low, sign * plane.of_y * y.high)
    reach = plane.of_y.abs() * (times(matrix.abs(), x.magnitude) + y.magnitude) + plane.level.abs()
    if copies > 1 or bool(plane.of_d.any()):
        d = mapped.difference
        slope = slope + plane.of_d[..., None] * mapped.on_target
        level = level + torch.maximum(sign * plane.of_d * d.low, sign * plane.of_d * d.high)
        reach = reach + plane.of_d.abs() * (mapped.reach + d.magnitude)
    return Line(slope, sign * (level + count * reach))
