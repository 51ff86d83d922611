"""Ranges of a stage that reads what the first stage gives: lines in the input for every value it reads, once for all.

A coefficient on a value takes the value's upper line where it is positive and its lower line where it is negative. The
value is one step from the input, so that this is what substitution does, row by row; here it is two matrix products.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.differential.backward import UNDERFLOW, Passage, Stage
from sltk.certify.differential.curves import input_size, largest, slope_of, unfolded
from sltk.certify.differential.forms import Form, Known, Part, of_part, units
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.networks.network import Network
from sltk.networks.wiring import INPUT

CACHE = 2**21  # bytes
PARTS: tuple[Part, ...] = ("target", "difference", "ticket")


@dataclass(frozen=True)
class InputLines:
    """Functionals of the input on one side of every entry of a value.

    Attributes:
        slopes: coefficients of the input and of curves of it by name, ``(entries, inputs)`` each.
        constant: ``(entries,)``, moved outward, with an allowance for the rounding of a product with ``slope``.
    """

    slopes: dict[str, Tensor]
    constant: Tensor


class Front:
    """The lines of what the last of ``stages`` reads.

    Args:
        network: the target.
        stages: of the pair; the last reads a stage that reads the input.
        known: where values lie.
        box: where the input lies.
    """

    def __init__(self, network: Network, stages: Sequence[Stage], known: Sequence[Known], box: Interval) -> None:
        self.network, self.stages, self.known, self.box = network, stages, known, box
        self.read = network.wires[len(stages) - 1].reads
        self.order = 1
        self.lines = {part: self._lines(part) for part in PARTS}

    @staticmethod
    def fits(network: Network, stage: int, known: Sequence[Known], memory: int) -> bool:
        """Whether the stage reads one that reads the input, nothing is added, and the matrices fit into ``memory``."""
        wire = network.wires[stage]
        if wire.adds or wire.reads == INPUT or network.wires[wire.reads] != (INPUT, ()):
            return False
        entries, inputs = known[wire.reads + 1].ticket.low.numel(), known[0].ticket.low.numel()
        outputs = known[wire.reads + 1].ticket.low.shape[0] * torch.Size(network.shapes(stage)[1]).numel()
        before = (
            entries
            // max(1, known[wire.reads + 1].target.low.numel())
            * torch.Size(network.shapes(wire.reads)[1]).numel()
        )
        return 8 * entries * max(8 * inputs, 4 * before) <= 2 * memory and 8 * 2 * outputs * entries <= memory

    def highest(self, form: Form) -> Tensor:
        """Upper bounds of functionals of what is read, ``(rows,)``."""
        blocks = range(0, form.rows, self._block)
        return torch.cat([self._highest(form.block(first, self._block)) for first in blocks])

    def ranges(self, like: Known) -> Known:
        """Where the affine output of the last stage lies."""
        return Known(*(self._ends(part, getattr(like, part)) for part in PARTS))

    def _lines(self, part: Part) -> tuple[InputLines, InputLines]:
        """Lower and upper."""
        like: Tensor = getattr(self.known[self.read + 1], part).low
        sides: list[InputLines] = []
        for sign in (-1.0, 1.0):
            blocks = [self._side(part, sign * rows, sign) for rows in units(tuple(like.shape), self._block)]
            slopes = {name: torch.cat([one.slopes[name] for one in blocks]) for name in blocks[0].slopes}
            sides.append(InputLines(slopes, torch.cat([one.constant for one in blocks])))
        return sides[0], sides[1]

    @property
    def _block(self) -> int:
        """Rows that a cache holds."""
        return max(1, CACHE // (8 * self.stages[self.read].map.offsets.ticket.numel()))

    def _side(self, part: Part, rows: Tensor, sign: float) -> InputLines:
        form, total = self._through_steps(of_part(part, rows[:, 0] if part == "target" else rows))
        read, constant = Passage(self.network, self.box, self.stages, self.known, {}).substituted(self.read, form)
        assert read is not None
        parts = {"slope": slope_of(read, tuple(self.box.low.shape))} | read.curves
        self.order = read.order
        constant.add(total)
        # An entry's row meets one coefficient, in a sum over all entries.
        entries = getattr(self.known[self.read + 1], part).low.numel()
        constant.add(gamma(8 * entries + 64) * input_size(read, self.box))
        return InputLines({name: sign * c.flatten(1) for name, c in parts.items()}, sign * constant.upper())

    def _through_steps(self, form: Form) -> tuple[Form, Tensor]:
        total = torch.zeros(form.rows, dtype=torch.float64)
        for step in reversed(self.stages[self.read].steps):
            form, constant = step.back(form)
            total = total + constant
        return form, total + 16 * 2.0**-53 * total.abs()

    def _ends(self, part: Part, like: Interval) -> Interval:
        own = self.stages[-1].map
        form = own.rows(part)
        value, slack = (one.flatten() for one in own.offsets.part(part))
        ends: list[Tensor] = []
        for sign in (-1.0, 1.0):
            top = self.highest(form.times(sign))
            found = top + sign * value
            rounding = gamma(64) * (top.abs() + value.abs()) + slack * (1 + gamma(64)) + UNDERFLOW
            ends.append(sign * (found + rounding))
        return Interval(*(end.reshape(like.low.shape) for end in ends))

    def _highest(self, form: Form) -> Tensor:
        signed, bent = unfolded(form, self.known[self.read + 1])
        read, total = self._side_of(signed)
        top = largest(read, self.box)
        return top + total + bent + gamma(64) * (top.abs() + total.abs() + bent.abs())

    def _side_of(self, form: Form) -> tuple[Form, Tensor]:
        """Functionals of what is read, bounded by ones of the input."""
        parts = {part: getattr(form, part) for part in PARTS if getattr(form, part) is not None}
        found = dict[str, Tensor]()
        total = torch.zeros(form.rows, dtype=torch.float64)
        for part, c in parts.items():
            flat = c.flatten(1)
            for lines, half in zip(self.lines[part], (flat.clamp(max=0), flat.clamp(min=0)), strict=True):
                for name, c in lines.slopes.items():
                    found[name] = half @ c if name not in found else found[name].addmm_(half, c)
                rounding = gamma(half.shape[1] + 16) * (half.abs() @ lines.constant.abs())
                total = total + (half @ lines.constant + rounding)
        shaped = {name: c.reshape(-1, *self.box.low.shape) for name, c in found.items()}
        curves = (shaped.get(name) for name in ("fold", "odd", "even"))
        return Form(shaped["slope"], None, None, *curves, order=self.order), total
