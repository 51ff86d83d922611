"""The largest value of a functional of target and ticket, by substitution from its layer back to the input.

At the input both networks read the same x: a functional ``a x + b |x|`` is largest in each entry at an end of the box
or at 0, so nothing is lost there. Every substitution bounds from above and charges its own rounding
(``sltk.networks.relaxed``, ``sltk.certify.differential.stage_map``); ``UNDERFLOW`` covers products that lose their last
digits below the range of float64, as long as all values stay below 1e100.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from sltk.certify.differential.curves import largest, unfolded
from sltk.certify.differential.forms import Form, Known
from sltk.certify.differential.gates import Gate
from sltk.certify.differential.stage_map import StageMap
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma
from sltk.networks.network import Network
from sltk.networks.relaxed import Relaxed
from sltk.networks.wiring import INPUT

UNDERFLOW = 2.0**-500
ROOM = 2.0**24
BLOCK = 2**23  # bytes


@dataclass(frozen=True)
class Step:
    """One step after an affine map, relaxed for the target, for the differences and for the ticket.

    Attributes:
        gate: of all copies of a neuron together, where the step is a smooth activation of several.
    """

    target: Relaxed
    difference: Relaxed
    ticket: Relaxed
    gate: Gate | None = None

    def back(self, form: Form, t: Callable[[Tensor], Interval] | None = None) -> tuple[Form, Tensor]:
        """The functional before it, and its constant.

        Args:
            form: after it.
            t: gives the range of ``sum_a v_a d_a`` for ``v`` ``(rows, copies, *shape)``; none for copies apart.
        """
        total = torch.zeros(form.rows, dtype=torch.float64)
        target = difference = ticket = None
        if form.target is not None:
            lifted, constant = self.target.back(form.target[:, None])
            target, total = lifted[:, 0], total + constant
        if form.difference is not None:
            if self.gate is None or t is None:
                difference, constant = self.difference.back(form.difference)
            else:
                difference, constant = self.gate.back(form.difference, t(form.difference))
            total = total + constant
        if form.ticket is not None:
            ticket, constant = self.ticket.back(form.ticket)
            total = total + constant
        return Form(target, difference, ticket), total


@dataclass(frozen=True)
class Stage:
    """A stage of the pair: its affine map, and the steps behind it in order."""

    map: StageMap
    steps: tuple[Step, ...]


class Shortcut(Protocol):
    """Upper bounds of functionals of what a stage reads, by a way of its own."""

    def highest(self, form: Form) -> Tensor:
        """``(rows,)``."""
        ...


@dataclass(frozen=True)
class Passage:
    """What a functional meets on its way back.

    Attributes:
        network: the target.
        box: where the first stage's input lies, ``(*shape)``.
        stages: of the pair.
        known: where each value lies: of the input, then of what leaves each stage.
        fronts: shortcuts of stages by index.
        room: numbers that the functionals ``t`` of one gate may take; more, and its copies are taken apart.
    """

    network: Network
    box: Interval
    stages: Sequence[Stage]
    known: Sequence[Known]
    fronts: Mapping[int, Shortcut]
    room: float = ROOM

    def highest(self, index: int, form: Form, shared: int = 0) -> Tensor:
        """Upper bounds of functionals of the affine output of stage ``index``, ``(rows,)``.

        Args:
            index: of the stage.
            form: of target and differences, or of the ticket.
            shared: levels of shared gates; each asks for the range of one more functional a row and neuron.
        """
        read, total = self.substituted(index, form, shared)
        if read is not None:
            total.add(largest(read, self.box))
        return total.upper()

    def leaving(self, index: int, form: Form, shared: int = 0) -> Tensor:
        """The same for what leaves the stage."""
        total = Constant(form.rows)
        form = self._through(index, form, total, shared)
        total.add(self.highest(index, form, shared))
        return total.upper()

    def substituted(self, index: int, form: Form, shared: int = 0) -> tuple[Form | None, "Constant"]:
        """A functional of the input, and a constant, that together are at least ``form``; the constant alone where a
        shortcut was taken."""
        total = Constant(form.rows)
        pending = {index: form}
        for at in range(index, -1, -1):
            if at not in pending:
                continue
            form = pending.pop(at)
            if at != index:
                form = self._through(at, form, total, shared)
            total.add(self.stages[at].map.offsets.of(form))
            wire = self.network.wires[at]
            for added in wire.adds:
                total.add(_join(pending, added, form, self.known))
            read = self.stages[at].map.pull(form)
            if at in self.fronts and not pending and not (shared > 0 and self._gated(wire.reads)):
                total.add(self.fronts[at].highest(read))
                return None, total
            if wire.reads != INPUT:
                read, constant = unfolded(read, self.known[wire.reads + 1])
                total.add(constant)
            total.add(_join(pending, wire.reads, read, self.known))
        return pending[INPUT], total

    def _through(self, at: int, form: Form, total: "Constant", shared: int, steps: int | None = None) -> Form:
        """Back through the steps of a stage, or the first ``steps`` of them."""
        for place in reversed(range(len(self.stages[at].steps) if steps is None else steps)):
            step = self.stages[at].steps[place]
            together = None
            if shared > 0 and step.gate is not None:
                if place == 0 and self._quick(at):
                    together = partial(_mirrored, partial(self._quickly, at))
                elif self._fits(form.difference):
                    together = partial(_mirrored, partial(self._together, at, place, shared - 1))
            form, constant = step.back(form, together)
            total.add(constant)
        return form

    def _gated(self, at: int) -> bool:
        """Whether a stage on the input has a gate right behind its affine map, and a quick way to its functionals."""
        return bool(self.stages[at].steps) and self.stages[at].steps[0].gate is not None and self._quick(at)

    def _quick(self, at: int) -> bool:
        return self.stages[at].map.quick

    def _fits(self, v: Tensor | None) -> bool:
        """Whether there is room for one functional of every row and neuron."""
        return v is not None and float(v.shape[0]) * v[0, 0].numel() * v[0].numel() <= self.room

    def _together(self, at: int, place: int, shared: int, v: Tensor) -> Interval:
        """Ranges of ``sum_a v_a d_a`` for every row and neuron before step ``place`` of a stage, ``(rows, *shape)``."""
        neurons = v[0, 0].numel()
        size = max(1, BLOCK // (16 * neurons * v[0].numel()))
        ends = [self._alone(at, place, shared, v[first : first + size]) for first in range(0, len(v), size)]
        low, high = torch.cat(ends, 1)
        shape = (len(v), *v.shape[2:])
        return Interval(torch.minimum(low, high).reshape(shape), torch.maximum(low, high).reshape(shape))

    def _alone(self, at: int, place: int, shared: int, v: Tensor) -> Tensor:
        """Both ends for every row of ``v`` and every neuron, each a functional of its own, ``(2, rows, neurons)``."""
        rows, neurons = len(v), v[0, 0].numel()
        here = torch.arange(neurons)
        alone = torch.zeros(rows, neurons, v.shape[1], neurons, dtype=torch.float64)
        alone[:, here, :, here] = v.flatten(2).permute(2, 0, 1)
        both = torch.stack((-alone, alone)).reshape(2 * rows * neurons, *v.shape[1:])
        low, high = self._before(at, place, Form(difference=both), shared).reshape(2, rows, neurons)
        return torch.stack((-low, high))

    def _quickly(self, at: int, v: Tensor) -> Interval:
        size = max(1, BLOCK // (8 * v[0].numel()))
        found = [self.stages[at].map.together(v[first : first + size]) for first in range(0, len(v), size)]
        return Interval(torch.cat([one.low for one in found]), torch.cat([one.high for one in found]))

    def _before(self, at: int, place: int, form: Form, shared: int) -> Tensor:
        total = Constant(form.rows)
        form = self._through(at, form, total, shared, place)
        total.add(self.highest(at, form, shared))
        return total.upper()


def _mirrored(ranges: Callable[[Tensor], Interval], v: Tensor) -> Interval:
    """Ranges of functionals of which the second half may be the first with its signs turned."""
    half = len(v) // 2
    if len(v) % 2 or not torch.equal(v[:half], -v[half:]):
        return ranges(v)
    found = ranges(v[:half])
    return Interval(torch.cat((found.low, -found.high)), torch.cat((found.high, -found.low)))


def _join(pending: dict[int, Form], at: int, form: Form, known: Sequence[Known]) -> Tensor:
    """Add a functional of one value to what is there; returns what rounding can cost."""
    if at not in pending:
        pending[at] = form
        return torch.zeros(form.rows, dtype=torch.float64)
    pending[at] = pending[at] + form
    return 4 * UNIT * pending[at].size(known[at + 1])


class Constant:
    """A sum of numbers, row by row, with the rounding of their addition."""

    def __init__(self, rows: int) -> None:
        self.total = torch.zeros(rows, dtype=torch.float64)
        self.size = torch.zeros(rows, dtype=torch.float64)
        self.count = 8

    def add(self, value: Tensor) -> None:
        """One more term."""
        self.total, self.size, self.count = self.total + value, self.size + value.abs(), self.count + 1

    def upper(self) -> Tensor:
        """At least the exact sum."""
        return self.total + (gamma(2 * self.count) * self.size + UNDERFLOW)
