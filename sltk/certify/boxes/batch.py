"""Bounds of target minus ticket on many boxes at once, by substitution as in ``sltk.certify.differential``."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.boxes.activated import Activated, activated
from sltk.certify.boxes.first import FirstStage
from sltk.certify.boxes.functional import Functional, Total, alone, both, by_copy, dot
from sltk.certify.boxes.ground import Ground, curves_of
from sltk.certify.boxes.stages import FAR, Mapped, StageMatrices, Value, mapped
from sltk.certify.differential.forms import Known
from sltk.certify.differential.relax import consistent
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.networks.wiring import INPUT

LEVELS = 2  # of copies together, behind the first stage
ROOM = 2.0**24  # coefficients of the functionals of one gate, box by box
BLOCK = 2**22  # of them at once, over all boxes


@dataclass
class Boxes:
    """The pair on boxes, as far as it is relaxed.

    Attributes:
        stages: of the pair.
        low, high: of the input, ``(boxes, inputs)``.
        mapped, activated, values: what is known of the stages so far.
        firsts: shortcuts of stages that read the input, by index.
    """

    stages: Sequence[StageMatrices]
    low: Tensor
    high: Tensor

    def __post_init__(self) -> None:
        own = [one.weights.univariate for one in self.stages if one.reads == INPUT]
        curves = dict.fromkeys(name for one in own if one is not None for name in curves_of(one))
        self.ground = Ground.of(Interval(self.low, self.high), list(curves))
        x = self.ground.extended
        nothing = torch.zeros_like(x.low)
        self.values = [Value(x, Interval(nothing, nothing), x)]
        self.mapped, self.activated = list[Mapped](), list[Activated]()
        self.firsts = dict[int, FirstStage]()

    def errors(self) -> Tensor:
        """Bounds of the largest error of every output over its copies, ``(boxes, outputs)``."""
        self.relax()
        stage = self.stages[-1]
        known = self._difference(len(self.stages) - 1, LEVELS)
        if stage.step is not None:
            known = self._activate(stage, known).difference
        return by_copy(known.magnitude, stage.copies).amax(-1)

    def relax(self) -> None:
        """All stages but the last, and its affine map; once."""
        if self.mapped:
            return
        for stage in self.stages[:-1]:
            self._extend(stage)
        self._map(self.stages[-1])

    def _map(self, stage: StageMatrices) -> None:
        added = [self.values[place + 1] for place in stage.adds]
        ground = self.ground if stage.reads == INPUT else None
        self.mapped.append(mapped(stage, self.values[stage.reads + 1], added, ground))

    def _extend(self, stage: StageMatrices) -> None:
        self._map(stage)
        value = self._activate(stage, self._difference(len(self.mapped) - 1, 0))
        self.values.append(value)
        if stage.reads == INPUT and not stage.adds:
            index = len(self.mapped) - 1
            self.firsts[index] = FirstStage.of(stage, self.mapped[-1], self.activated[-1], self.values[0].target)

    def _activate(self, stage: StageMatrices, difference: Interval) -> Value:
        """Ranges at the affine output, and what leaves the stage."""
        index = len(self.mapped) - 1
        target = self._range(index, "target", torch.eye(len(stage.bias), dtype=torch.float64))
        y, shape = Interval(target.low[..., None], target.high[..., None]), (len(self.low), -1, stage.copies)
        d = Interval(difference.low.reshape(shape), difference.high.reshape(shape))
        far = torch.full_like(d.low, FAR)  # of the ticket no more is known than that it is y - d
        known = consistent(Known(y, d, Interval(-far, far)))
        found, after = activated(stage.step, known)
        self.activated.append(found)
        return Value(*(Interval(one.low.flatten(1), one.high.flatten(1)) for one in after))

    def _difference(self, index: int, levels: int) -> Interval:
        rows = torch.eye(len(self.stages[index].bias) * self.stages[index].copies, dtype=torch.float64)
        return self._range(index, "difference", rows, levels)

    def _range(self, index: int, part: str, rows: Tensor, levels: int = 0) -> Interval:
        """Where every entry of the affine output lies."""
        top = self.upper(index, Functional(**{part: torch.cat((-rows, rows))}), levels)
        low, high = -top[:, : len(rows)], top[:, len(rows) :]
        return Interval(torch.minimum(low, high), torch.maximum(low, high))

    def upper(self, index: int, form: Functional, levels: int) -> Tensor:
        """Upper bounds of functionals of the affine output of stage ``index``, ``(boxes, rows)``."""
        total, stage = Total(), self.stages[index]
        read = self._pulled(index, form, total)
        pending = dict.fromkeys(stage.adds, form)
        pending[stage.reads] = both(pending.get(stage.reads), read)
        self._down(pending, total, levels)
        return total.upper()

    def _down(self, pending: dict[int, Functional], total: Total, levels: int) -> None:
        """Functionals of what leaves stages, down to the input; their sum goes to ``total``."""
        for at in range(max(pending), INPUT, -1):
            if at not in pending:
                continue
            form, stage = pending.pop(at), self.stages[at]
            if at in self.firsts and not pending:
                total.add(self.firsts[at].upper(form))
                return
            form = self._through(at, form, total, levels)
            for added in stage.adds:
                pending[added] = both(pending.get(added), form)
            pending[stage.reads] = both(pending.get(stage.reads), self._pulled(at, form, total))
        total.add(self._at_input(pending[INPUT]))

    def _through(self, at: int, form: Functional, total: Total, levels: int) -> Functional:
        """Through the activation of a stage, its copies together where that is lower and there is room."""
        act, v = self.activated[at], form.difference
        if v is None or act.gate is None or levels == 0:
            return act.back(form, total)
        neurons = len(self.stages[at].bias)
        if float(v.shape[-2]) * neurons * v.shape[-1] > ROOM:
            return act.back(form, total)
        return act.back(form, total, self._together(at, v, levels - 1))

    def _together(self, at: int, v: Tensor, levels: int) -> Interval:
        """Where ``sum_a v_a d_a`` lies for every row and neuron, ``(boxes, rows, neurons)``."""
        half = v.shape[-2] // 2
        if torch.equal(v[..., :half, :], -v[..., half:, :]):  # both signs are asked for: one is the other, turned
            found = self._by_blocks(at, v[..., :half, :], levels)
            return Interval(torch.cat((found.low, -found.high), 1), torch.cat((found.high, -found.low), 1))
        return self._by_blocks(at, v, levels)

    def _by_blocks(self, at: int, v: Tensor, levels: int) -> Interval:
        """As many rows at once as there is room for."""
        size = max(1, BLOCK // (2 * len(self.stages[at].bias) * v.shape[-1] * len(self.low)))
        found = [self._neurons(at, part, levels) for part in torch.split(v, size, -2)]
        return Interval(torch.cat([one.low for one in found], 1), torch.cat([one.high for one in found], 1))

    def _neurons(self, at: int, v: Tensor, levels: int) -> Interval:
        stage, own, total = self.stages[at], self.mapped[at], Total()
        v = torch.cat((v, -v), -2)
        parts = by_copy(v, stage.copies)  # ([boxes,] rows, neurons, copies)
        total.add(_worst_each(v, own.difference, stage.copies).flatten(1))
        form = Functional(*(_per_neuron(parts, one).flatten(-3, -2) for one in (own.on_target, own.on_copies)))
        pending = dict.fromkeys(stage.adds, Functional(difference=alone(parts))) if stage.adds else {}
        pending[stage.reads] = both(pending.get(stage.reads), form)
        self._down(pending, total, levels)
        top, bottom = by_copy(total.upper(), len(stage.bias)).chunk(2, 1)  # rows, and neurons of each
        return Interval(torch.minimum(-bottom, top), torch.maximum(-bottom, top))

    def _pulled(self, at: int, form: Functional, total: Total) -> Functional:
        """Through the affine map."""
        stage, own = self.stages[at], self.mapped[at]
        target = None
        if form.target is not None:
            total.add(_worst(form.target, own.target))
            target = torch.matmul(form.target, own.of_target)
        difference = None
        if form.difference is not None:
            total.add(_worst(form.difference, own.difference))
            moved = torch.matmul(form.difference, own.on_target)
            target = moved if target is None else target + moved
            difference = None if stage.reads == INPUT else torch.matmul(form.difference, own.on_copies)
        return Functional(target, difference)

    def _at_input(self, form: Functional) -> Tensor:
        assert form.target is not None
        x = self.values[0].target
        return _worst(form.target, x) + gamma(4 * x.low.shape[1] + 64) * dot(form.target.abs(), x.magnitude)


def _per_neuron(v: Tensor, matrix: Tensor) -> Tensor:
    """``sum_a v_ja M_(ja)`` neuron by neuron: ``([boxes,] rows, neurons, columns)``."""
    moved = matrix.reshape(*matrix.shape[:-2], *v.shape[-2:], matrix.shape[-1])  # ([boxes,] neurons, copies, columns)
    return torch.matmul(v.transpose(-3, -2), moved).transpose(-3, -2)


def _worst_each(c: Tensor, offset: Interval, copies: int) -> Tensor:
    """``_worst`` over the copies of each neuron, ``(boxes, rows, neurons)``."""
    terms = c.clamp(min=0) * offset.high[:, None] + c.clamp(max=0) * offset.low[:, None]
    return by_copy(terms, copies).sum(-1)


def _worst(c: Tensor, offset: Interval) -> Tensor:
    return dot(c.clamp(min=0), offset.high) + dot(c.clamp(max=0), offset.low)
