"""The difference of target and ticket expanded in deviations of slopes, stage by stage.

With ``d = G x + P D + offsets`` at an affine map and ``D_a = (c + rho sigma) d_a + r_a`` at an activation, d is a sum
over products of deviations, each with a coefficient that is affine in the input: copies cancel in it as they do on
data, and so do neurons, since a deviation of the first stage is the same number in all that is read from it.

Rounding: every coefficient is a sum of products along paths through the matrices, and each path is rounded at most
``steps`` times, which is worth at most ``gamma_steps`` times the sum of the sizes of all paths, ``size``.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from sltk.certify.boxes.batch import Boxes
from sltk.certify.boxes.functional import alone
from sltk.certify.boxes.planes import about
from sltk.certify.deviations.forms import INPUT_BASE, Form, Monomial
from sltk.certify.deviations.gates import Gate, gate_of
from sltk.certify.deviations.shape import ENTRIES, Shape
from sltk.certify.differential.backward import UNDERFLOW
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.networks.wiring import INPUT


class Expansion:
    """The pair on one box, as far as it is expanded.

    Attributes:
        boxes: the pair, relaxed there.
        shapes: of the forms of every stage.
        gates, values, kept: of the stages so far: activations, the target's values, differences where there is room.
        sizes: sums of the sizes of paths, of the target's values and of differences behind the activation.
    """

    def __init__(self, boxes: Boxes, shapes: list[Shape]) -> None:
        self.boxes, self.shapes = boxes, shapes
        x = boxes.values[0].target
        middle, half = _about(Interval(x.low[0], x.high[0]))
        first = torch.cat((middle[:, None], torch.diag(half)[:, half > 0]), 1)
        self.values = {INPUT: Form({INPUT_BASE: first}, torch.zeros_like(middle))}
        self.gates, self.kept = dict[int, Gate](), dict[int, Form]()
        self.sizes = {INPUT: (x.magnitude[0] * (1 + 2.0**-40), torch.zeros(0, dtype=torch.float64))}
        self.steps = 4 * sum(sum(one.shape) for own in boxes.mapped for one in (own.on_target, own.on_copies)) + 256

    def errors(self) -> Tensor | None:
        """Bounds of the largest difference of every output; ``None`` where an activation has no gate."""
        for index, stage in enumerate(self.boxes.stages[:-1]):
            gate = gate_of(stage, self.boxes.activated[index], self._narrowed(index))
            if gate is None:
                return None
            self.gates[index] = gate
            self.values[index], size = self._value(index, gate)
            self.sizes[index] = size, self._behind(gate, self._size(index))
        return self._range(len(self.boxes.stages) - 1).magnitude

    def _narrowed(self, index: int) -> Interval:
        """Where differences of arguments lie, the closer of both ways."""
        known = self.boxes.activated[index].known.difference
        if not self.shapes[index].narrows:
            return Interval(known.low[0], known.high[0])
        own = self._range(index)
        return Interval(torch.maximum(own.low, known.low[0]), torch.minimum(own.high, known.high[0]))

    def _range(self, index: int) -> Interval:
        """Of all rows of a stage, and on the way their forms where they are to be kept."""
        parts, found = list[Form](), list[Interval]()
        for rows in self._blocks(index):
            form = self._difference(index, rows)
            found.append(form.range())
            if self.shapes[index].kept:
                parts.append(form.settled())
        if parts:
            every = {one: torch.cat([part.parts[one] for part in parts]) for one in parts[0].parts}
            self.kept[index] = Form(every, torch.cat([part.loose for part in parts]))
        spare = gamma(self.steps) * 1.01 * self._size(index) + UNDERFLOW
        return Interval(torch.cat([one.low for one in found]) - spare, torch.cat([one.high for one in found]) + spare)

    def _blocks(self, index: int) -> Iterator[Tensor]:
        """Rows of the identity, as many at once as there is room for."""
        count = self._count(index)
        at_once = max(1, int(ENTRIES / self.shapes[index].columns))
        yield from torch.split(torch.eye(count, dtype=torch.float64), at_once)

    def _count(self, index: int) -> int:
        stage = self.boxes.stages[index]
        return len(stage.bias) * stage.copies

    def _matrices(self, index: int) -> tuple[Tensor, Tensor, Interval]:
        """G, P and offsets, for the one box."""
        own, count = self.boxes.mapped[index], self._count(index)
        on_target, on_copies = (one[0] if one.dim() == 3 else one for one in (own.on_target, own.on_copies))
        low, high = (end[0].expand(count) for end in (own.difference.low, own.difference.high))
        return on_target, on_copies, Interval(low, high)

    def _difference(self, index: int, rows: Tensor) -> Form:
        """``rows`` times the differences at the affine output of a stage."""
        if index in self.kept:
            return self.kept[index].under(rows)
        stage, (on_target, on_copies, offset) = self.boxes.stages[index], self._matrices(index)
        middle, half = _about(offset)
        form = self.values[stage.reads].under(rows @ on_target).moved(rows @ middle)
        form = form + Form({}, rows.abs() @ half)
        if stage.reads != INPUT:
            form = form + self._behind_gate(stage.reads, rows @ on_copies)
        for added in stage.adds:
            form = form + self._behind_gate(added, rows)
        return form

    def _behind_gate(self, index: int, rows: Tensor) -> Form:
        """``rows`` times the differences that leave a stage: at middle slopes, rests, and each deviation's share."""
        gate = self.gates[index]
        middle, half = _about(gate.rest)
        form = self._difference(index, rows * gate.repeated).moved(rows @ middle)
        if bool(half.any()):
            form = form + Form({Monomial((), "rest", index): rows * half}, torch.zeros(len(rows), dtype=torch.float64))
        if not bool(gate.deviation.any()):
            return form
        neurons = len(gate.middle)
        c = rows.reshape(len(rows), neurons, gate.copies) * gate.deviation[:, None]
        kept = self.kept.get(index)
        own = kept.by_neuron(c) if kept is not None else self._difference(index, alone(c))
        return form + own.deviating(index, neurons)

    def _value(self, index: int, gate: Gate) -> tuple[Form, Tensor]:
        """The target's values behind a stage, and the sizes of their paths."""
        stage, own = self.boxes.stages[index], self.boxes.mapped[index]
        matrix, (middle, half) = own.of_target, _about(Interval(own.target.low[0], own.target.high[0]))
        form, size = self.values[stage.reads].under(matrix), matrix.abs() @ self.sizes[stage.reads][0]
        for added in stage.adds:
            form, size = form + self.values[added], size + self.sizes[added][0]
        middle_open, half_open = _about(gate.open)
        form = form.moved(middle).under(torch.diag(gate.steep)).moved(middle_open)
        left = torch.diag(half_open + gate.steep.abs() * half * (1 + 2.0**-50))
        form = form + Form({Monomial((), "line", index): left}, torch.zeros_like(half))
        return form, gate.steep.abs() * (size + own.target.magnitude[0]) + middle_open.abs() + half_open

    def _size(self, index: int) -> Tensor:
        """Sizes of all paths to the differences at the affine output of a stage."""
        stage, (on_target, on_copies, offset) = self.boxes.stages[index], self._matrices(index)
        size = on_target.abs() @ self.sizes[stage.reads][0] + offset.magnitude
        if stage.reads != INPUT:
            size = size + on_copies.abs() @ self.sizes[stage.reads][1]
        return size + sum((self.sizes[added][1] for added in stage.adds), torch.zeros_like(size))

    @staticmethod
    def _behind(gate: Gate, size: Tensor) -> Tensor:
        steep = (gate.middle.abs() + gate.deviation).repeat_interleave(gate.copies)
        return steep * size + 2 * gate.rest.magnitude


def _about(x: Interval) -> tuple[Tensor, Tensor]:
    """Middle and half width, moved outward by the rounding of both."""
    middle, half = about(x)
    return middle, half * (1 + 2.0**-50)
