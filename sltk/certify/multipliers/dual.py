"""The bound of functionals of a stage's arguments and differences for given multipliers, and how it moves with them.

``sum a y + b d`` over a stage's neurons is a functional of the values that it reads, one function ``f_i(y_i, d_i)`` for
each neuron before. For any multipliers a', b' of those

``sum f_i(y_i, d_i) <= sum sup (f_i - a'_i y_i - b'_i d_i) + sup sum a'_i y_i + b'_i d_i``,

and so on to the input, where the last supremum is one of functions of one number each. Where a linear step P stands
between, curves of its values have no neuron of their own: ``u(v^) <= l v^ + sup (u(v^) - l v^)`` for any l. The bound
is convex in all multipliers together. A subgradient: what the suprema below are reached at, minus what those above are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sltk.certify.differential.backward import UNDERFLOW
from sltk.certify.differential.univariate import SLACK, turns, value
from sltk.certify.multipliers.chain import Link, Spare
from sltk.certify.multipliers.columns import Columns, Curve
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma


@dataclass
class Multipliers:
    """Of one stage, for every functional.

    Attributes:
        y, d: of its neurons, ``(rows, neurons)``.
        of_values: l, of what it gives, ``(rows, entries)``; ``None`` where no step is between.
    """

    y: Tensor
    d: Tensor
    of_values: Tensor | None = None

    @property
    def parts(self) -> list[Tensor]:
        """Those that are there."""
        return [self.y, self.d] if self.of_values is None else [self.y, self.d, self.of_values]


@dataclass(frozen=True)
class Known:
    """A stage whose neurons are known.

    Attributes:
        link: the stage.
        columns: of its neurons; fine: the same on more cells.
        values, ticket: where what it gives lies; off: by how much the two differ, ``(entries,)``.
        spare: of its affine output.
        curves: of the values that the stage behind reads, in the order of ``columns``.
        sizes: of values and differences behind the activation, summed by the steps behind it, ``(entries,)``.
        chord: slope of the activation's; lean: half widths of differences over widths of arguments, ``(neurons,)``.
    """

    link: Link
    columns: Columns
    fine: Columns
    values: Interval
    ticket: Interval
    off: Tensor
    spare: Spare
    curves: tuple[Curve, ...]
    sizes: tuple[Tensor, Tensor]
    chord: Tensor
    lean: Tensor

    @property
    def roughly(self) -> "Known":
        """In float32, what a search reads."""
        return replace(
            self, link=self.link.roughly, columns=self.columns.roughly, ticket=_rough(self.ticket),
            chord=self.chord.float(), lean=self.lean.float(),
        )  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Functionals ``y . arguments + d . differences`` of the affine output of a stage, ``(rows, neurons)`` each."""

    y: Tensor
    d: Tensor


class Dual:
    """Functionals of a stage, bounded through the stages before it.

    Args:
        asked: of the affine output of ``link``.
        link, spare: the stage.
        before: those before it, from the input on.
        box: of the input.
    """

    def __init__(self, asked: Asked, link: Link, spare: Spare, before: Sequence[Known], box: Interval) -> None:
        self.asked, self.link, self.spare, self.before, self.box = asked, link, spare, before, box
        self.rows: list[Tensor | None] = [None] * len(before)

    def sparsely(self, there: Sequence[Tensor]) -> None:
        """Look only at functionals of a neuron that are ``there``, ``(rows, neurons)`` for every stage."""
        self.rows = [_few(one.T) for one in there]

    @property
    def finely(self) -> "Dual":
        """The same on finer columns."""
        before = [replace(known, columns=known.fine) for known in self.before]
        found = Dual(self.asked, self.link, self.spare, before, self.box)
        found.rows = self.rows
        return found

    @property
    def roughly(self) -> "Dual":
        """The same in float32, for a search: what it finds is multipliers, and any of these give a bound."""
        asked = Asked(self.asked.y.float(), self.asked.d.float())
        before = [known.roughly for known in self.before]
        return Dual(asked, self.link.roughly, self.spare, before, _rough(self.box))

    def bound(self, chosen: Sequence[Multipliers]) -> Tensor:
        """Upper bounds, ``(rows,)``."""
        total, passed, (slope, curves, top, _) = self._down(chosen, sure=True)
        size = SLACK * _sized(curves, slope, self.box.magnitude) + gamma(top.shape[1] + 8) * top.abs().sum(1)
        size = sum((one.size for one in passed), size)
        for asked, spare in self._asked(chosen):
            size = size + asked.y.abs() @ spare.y + asked.d.abs() @ spare.d
        return total + 1.01 * size + gamma(64) * total.abs() + UNDERFLOW

    def moves(self, chosen: Sequence[Multipliers]) -> list[Multipliers]:
        """A subgradient, stage by stage as ``chosen``."""
        _, passed, (_, curves, _, x) = self._down(chosen, sure=False)
        found: list[Multipliers] = []
        for one, link in zip(passed, (self.link, *(known.link for known in reversed(self.before))), strict=False):
            values, differences, bases, moves = one.reached()
            if found:
                _add(found[-1], link, values, differences, bases)
            found.append(moves)
        if found:
            _add(found[-1], self.before[0].link, x, torch.zeros_like(x), {name: _curve(name, x) for name in curves})
        return found[::-1]

    def _asked(self, chosen: Sequence[Multipliers]) -> list[tuple[Asked, Spare]]:
        """What is asked of every stage, from the last on."""
        found = [(self.asked, self.spare)]
        for known, own in zip(reversed(self.before), reversed(list(chosen)), strict=True):
            found.append((Asked(own.y, own.d), known.spare))
        return found

    def _down(
        self, chosen: Sequence[Multipliers], sure: bool
    ) -> tuple[Tensor, list["Passed"], tuple[Tensor, dict[Curve, Tensor], Tensor, Tensor]]:
        """Sums, ways through stages from the last on, and what is asked of the input with its suprema."""
        asked, link, passed = self.asked, self.link, list[Passed]()
        total = asked.y @ link.bias + asked.d @ link.shift[0]
        for known, own, rows in zip(*map(reversed, (self.before, list(chosen), self.rows)), strict=True):
            passed.append(Passed(asked, link, known, own, rows, sure))
            asked, link = Asked(own.y, own.d), known.link
            total = total + passed[-1].total + asked.y @ link.bias + asked.d @ link.shift[0]
        slope, curves = asked.y @ link.weight + asked.d @ link.line, {n: asked.d @ c for n, c in link.curves.items()}
        top, x = _largest(curves, slope, self.box)
        return total + top.sum(1), passed, (slope, curves, top, x)


class Passed:
    """Functionals of a stage taken through the neurons of the one before.

    Attributes:
        total: upper bounds, ``(rows,)``, without what multipliers ask of the stage before.
        size: what rounding may cost.
    """

    def __init__(
        self, asked: Asked, link: Link, known: Known, own: Multipliers, rows: Tensor | None, sure: bool
    ) -> None:
        self.known = known
        values, differences = asked.y @ link.weight, asked.d @ link.weight
        line, curves = asked.d @ link.line, {name: asked.d @ link.curves[name] for name in known.curves}
        pool = known.link.pool
        self.total = self.size = values.new_zeros(len(values))
        self.v: Tensor | None = None
        if pool is not None:
            assert own.of_values is not None
            top, self.v = _largest(curves, -own.of_values, known.ticket)
            if sure:
                count = SLACK + gamma(top.shape[1] + 8)
                self.size = count * _sized(curves, own.of_values, known.ticket.magnitude)
            self.total, line, curves = top.sum(1), line + own.of_values, {}
        values, differences = values + line, differences - line
        if sure:
            self.size = self.size + self._rounded(values, differences, line)
        if pool is not None:
            values, differences = values @ pool, differences @ pool
        apart = [differences, *(-one for one in curves.values())]
        best, self.place = known.columns.above([values, *curves.values(), *apart, own.y, own.d], rows, sure)
        self.total = self.total + best.sum(1)
        if sure:
            self.size = self.size + gamma(best.shape[1] + 8) * best.abs().sum(1)

    def _rounded(self, values: Tensor, differences: Tensor, line: Tensor) -> Tensor:
        """Sums of two coefficients round once, those of a linear step as often as it has rows."""
        known, pool = self.known, self.known.link.pool
        size = gamma(8) * (values.abs() @ known.values.magnitude + differences.abs() @ known.off)
        size = size + gamma(16) * (line.abs() @ (known.values.magnitude + known.off))
        if pool is None:
            return size
        return size + gamma(2 * len(pool) + 16) * (values.abs() @ known.sizes[0] + differences.abs() @ known.sizes[1])

    def reached(self) -> tuple[Tensor, Tensor, dict[Curve, Tensor], Multipliers]:
        """Values, differences and curves of the ticket's values where the suprema are reached; minus these."""
        functions, apart, y, d = self.place.picked()
        pool = self.known.link.pool
        if pool is None:
            curves = {n: functions[1 + i] - apart[1 + i] for i, n in enumerate(self.known.curves)}
            return functions[0], apart[0], curves, Multipliers(-y, -d)
        assert self.v is not None
        values, differences = functions[0] @ pool.T, apart[0] @ pool.T
        curves = {name: _curve(name, self.v) for name in self.known.curves}
        return values, differences, curves, Multipliers(-y, -d, values - differences - self.v)


def _add(moves: Multipliers, link: Link, values: Tensor, differences: Tensor, curves: dict[Curve, Tensor]) -> None:
    """What the stage makes of values that are reached below."""
    moves.y += values @ link.weight.T + link.bias
    moves.d += differences @ link.weight.T + (values - differences) @ link.line.T + link.shift[0]
    for name, c in link.curves.items():
        moves.d += curves[name] @ c.T


def _rough(x: Interval) -> Interval:
    return Interval(x.low.float(), x.high.float())


def _few(there: Tensor) -> Tensor | None:
    """For every neuron the rows that are there, others behind them up to one number for all; ``None`` for most rows."""
    most = max(1, int(there.sum(1).max()))
    return (
        there.int().sort(dim=1, descending=True, stable=True).indices[:, :most] if 2 * most < there.shape[1] else None
    )


def _curve(name: Curve, x: Tensor) -> Tensor:
    kind, order = name
    return x.abs() if kind == "fold" else x * x.abs() ** (order - 1) if kind == "odd" else x.abs() ** order


def _sized(curves: dict[Curve, Tensor], slope: Tensor, size: Tensor) -> Tensor:
    """Sizes of all terms of ``sum c b(x) + slope x``, for ``|x| <= size``."""
    return slope.abs() @ size + sum(c.abs() @ size**order for (_, order), c in curves.items())


def _largest(curves: dict[Curve, Tensor], slope: Tensor, x: Interval) -> tuple[Tensor, Tensor]:
    """Suprema of functions ``sum c b(x) + slope x`` of one number each, as computed, and where they are reached."""
    by = {kind: c for (kind, _), c in curves.items()}
    nothing = torch.zeros_like(slope)
    fold, odd, even = (by.get(kind, nothing) for kind in ("fold", "odd", "even"))
    line, order = (slope + fold, slope - fold), max((order for _, order in curves), default=1)
    bent = (even + odd, even - odd) if by.keys() & {"odd", "even"} else None
    best = value(line, bent, order, x.low)
    where = x.low.expand_as(best)
    for place in [x.high, *turns(line, bent, order)]:
        at = value(line, bent, order, place)
        ahead = (at > best) & (x.low <= place) & (place <= x.high)
        best, where = torch.where(ahead, at, best), torch.where(ahead, place, where)
    return best, where
