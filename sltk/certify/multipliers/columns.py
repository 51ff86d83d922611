"""A neuron of target and ticket as one function of its argument y and difference d, bounded on cells.

What follows of a neuron are ``sum_k C_k psi_k(y) + E_k (psi_k(y) - psi_k(y - d))`` with ``psi_0 = phi`` and
``psi_k = b_k o phi`` for curves b_k of the value. Its plane is ``a y + b d``. On a cell ``[u, v]`` of y, where d lies
in ``[p, q]`` and psi_k has slopes in ``[m_k, M_k]`` from ``u - max(q, 0)`` to ``v - min(p, 0)``, with ``w = v - u``,

``sum C psi + E (psi(y) - psi(y - d)) - a y - b d <= max_{z in {u, v}} (sum C psi(z) - a z) + sum |C| (M - m) w / 4
+ max_{d in {p, q}} (sum max(E m d, E M d) - b d)``:

a function with slopes in ``[m, M]`` is at most ``(M - m) w/4`` above the larger of its ends (it lies below the line of
slope M from the one and that of slope m to the other; taking its chord away leaves the spread of slopes alone), and a
sum of such by the sum of theirs; the difference is ``s d`` with s in ``[m, M]``, so that its supremum over s is convex
in d. That is the largest of ``4 cells`` scalar products of coefficients ``(C, |C|, E+, E-, a, b)`` with columns that no
functional enters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sltk.certify.differential.curves import curve_named
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.lines import ROUNDING

Curve = tuple[str, int]  # its name, and the order of its power
EVEN = 0.2  # of the cells are spread evenly, the rest where phi bends
START = 64  # cells from which it is seen where that is


@dataclass(frozen=True)
class Strip:
    """Where arguments and differences of neurons lie: y in a range, ``d - s y`` in a range for each of some s.

    Attributes:
        y: ``(neurons,)``.
        tilts: s, ``(tilts, neurons)``, zeros first; tilted: ``d - s y``, of that shape.
    """

    y: Interval
    tilts: Tensor
    tilted: Interval

    @property
    def d(self) -> Interval:
        """Of the differences."""
        return Interval(self.tilted.low[0], self.tilted.high[0])

    def across(self, y: Interval) -> Interval:
        """Where d lies on cells ``(neurons, cells)`` of y; one point of it where rounding leaves nothing."""
        tilts = self.tilts[..., None]
        one, other = tilts * y.low, tilts * y.high
        spare = ROUNDING * (torch.maximum(one.abs(), other.abs()) + self.tilted.magnitude[..., None])
        high = (self.tilted.high[..., None] + torch.maximum(one, other) + spare).amin(0)
        low = (self.tilted.low[..., None] + torch.minimum(one, other) - spare).amax(0)
        return Interval(torch.minimum(low, high), torch.maximum(low, high))


@dataclass(frozen=True)
class Columns:
    """Columns of neurons, and what is read off them at the largest.

    Attributes:
        table: ``(neurons, coefficients, columns)``; coefficients in the order C, ``|C|``, E+, E-, a, b.
        size: ``(neurons, coefficients)``, largest sizes in it.
        functions: psi.
    """

    table: Tensor
    size: Tensor
    functions: int

    @classmethod
    def of(cls, phi: Activation, strip: Strip, curves: Sequence[Curve], cells: int) -> "Columns":
        """Of neurons of ``phi``.

        Args:
            phi: the activation.
            strip: where arguments and differences lie.
            curves: b.
            cells: of y.
        """
        nodes = _nodes(phi, strip.y, cells)
        low, high = nodes[:, :-1], nodes[:, 1:]
        d = strip.across(Interval(low, high))
        hull = Interval(low - d.high.clamp(min=0), high - d.low.clamp(max=0))
        spare = ROUNDING * (low.abs() + high.abs() + d.magnitude)
        hull = Interval(hull.low - spare, hull.high + spare)
        value, error = _between(*phi.range(nodes, nodes))
        slopes = Interval(*phi.slopes(hull.low, hull.high))
        found = [(value, error, slopes)]
        image = Interval(*phi.range(hull.low, hull.high))
        for name, order in curves:
            curve = curve_named(name, order)
            least, most = curve.range(value - error, value + error)
            own = Interval(*curve.slopes(image.low, image.high))
            found.append((*_between(least, most), _product(own, slopes)))
        parts: list[list[Tensor]] = [[], [], [], []]
        for value, error, slopes in found:
            rises = [(_product(slopes, Interval(end, end))) for end in (d.low, d.high)]
            bend = (slopes.high - slopes.low) * (high - low) / 4 * (1 + ROUNDING)
            bend = bend + torch.maximum(error[:, :-1], error[:, 1:])
            parts[0].append(_spread([value[:, :-1], value[:, 1:]], None))
            parts[1].append(_spread([bend, bend], None))
            parts[2].append(_spread(None, [rise.high for rise in rises]))
            parts[3].append(_spread(None, [rise.low for rise in rises]))
        rows = [
            *(one for part in parts for one in part),
            _spread([-low, -high], None),
            _spread(None, [-d.low, -d.high]),
        ]
        table = torch.stack(rows, 1)
        return cls(table, table.abs().amax(2), len(found))

    @property
    def roughly(self) -> "Columns":
        """In float32."""
        return replace(self, table=self.table.float(), size=self.size.float())

    def above(self, asked: Sequence[Tensor], rows: Tensor | None = None, sure: bool = True) -> tuple[Tensor, "Reached"]:
        """What is at most above the planes, ``(rows, neurons)``, and where that is reached.

        Args:
            asked: C, then E, one for each function, then a and b, each ``(rows, neurons)``.
            rows: ``(neurons, some)``, those of each neuron that may differ from 0; ``None`` for all.
            sure: whether the bound has its rounding in it.
        """
        turned = [part.T if rows is None else part.T.gather(1, rows) for part in asked]
        k = self.functions
        values, differences = turned[:k], turned[k : 2 * k]
        parts = [*values, *(one.abs() for one in values), *(one.clamp(min=0) for one in differences)]
        c = torch.stack([*parts, *(one.clamp(max=0) for one in differences), *turned[2 * k :]], 2)
        best, place = torch.bmm(c, self.table).max(2)
        if sure:
            best = best + gamma(2 * c.shape[2] + 16) * torch.bmm(c.abs(), self.size[..., None])[..., 0]
        shape = asked[0].T.shape
        return _whole(best, rows, shape), Reached(self, place, rows, shape, [one >= 0 for one in differences])


@dataclass(frozen=True)
class Reached:
    """Where suprema are reached.

    Attributes:
        columns: of the neurons.
        place: columns, ``(neurons, some)``; rows: of these.
        shape: ``(neurons, rows)``; rising: which E are at least 0.
    """

    columns: Columns
    place: Tensor
    rows: Tensor | None
    shape: tuple[int, ...]
    rising: list[Tensor]

    def picked(self) -> tuple[list[Tensor], list[Tensor], Tensor, Tensor]:
        """Values of the functions, their differences, y and d, ``(rows, neurons)`` each; 0 for other rows."""
        k, table = self.columns.functions, self.columns.table

        def row(index: int) -> Tensor:
            return table[:, index].gather(1, self.place)

        values = [row(index) for index in range(k)]
        apart = [torch.where(up, row(2 * k + i), row(3 * k + i)) for i, up in enumerate(self.rising)]
        found = [_whole(one, self.rows, self.shape) for one in (*values, *apart, -row(4 * k), -row(4 * k + 1))]
        return found[:k], found[k : 2 * k], found[2 * k], found[2 * k + 1]


def _whole(part: Tensor, rows: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    """``(rows, neurons)``, 0 where no row is."""
    return part.T if rows is None else part.new_zeros(shape).scatter_(1, rows, part).T


def _nodes(phi: Activation, y: Interval, cells: int) -> Tensor:
    """``(neurons, cells + 1)`` from end to end, closer together where the slope changes."""
    share = torch.linspace(0, 1, START + 1, dtype=torch.float64)
    even = y.low[:, None] + (y.high - y.low)[:, None] * share
    least, most = phi.slopes(even[:, :-1], torch.maximum(even[:, 1:], even[:, :-1]))
    change = most - least
    weight = change / change.sum(1, keepdim=True).clamp(min=1e-300) * (1 - EVEN) + EVEN / START
    reached = torch.cat((torch.zeros_like(weight[:, :1]), weight.cumsum(1)), 1)
    wanted = torch.linspace(0, 1, cells + 1, dtype=torch.float64).expand(len(weight), -1).contiguous() * reached[:, -1:]
    place = torch.searchsorted(reached, wanted).clamp(1, START)
    before, behind = reached.gather(1, place - 1), reached.gather(1, place)
    inside = ((wanted - before) / (behind - before)).clamp(0, 1)
    start, end = even.gather(1, place - 1), even.gather(1, place)
    nodes = torch.minimum(torch.maximum(start + inside * (end - start), y.low[:, None]), y.high[:, None])
    nodes[:, 0], nodes[:, -1] = y.low, y.high
    return nodes.sort(1).values


def _between(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """A number, and how far the ends are from it."""
    middle = (low + high) / 2
    return middle, torch.maximum(high - middle, middle - low) * (1 + ROUNDING)


def _product(one: Interval, other: Interval) -> Interval:
    """All products, moved outward."""
    found = torch.stack([a * b for a in (one.low, one.high) for b in (other.low, other.high)])
    spare = ROUNDING * one.magnitude * other.magnitude
    return Interval(found.amin(0) - spare, found.amax(0) + spare)


def _spread(ends: list[Tensor] | None, differences: list[Tensor] | None) -> Tensor:
    """Both ends of the cells with both ends of the differences: ``(neurons, 4 cells)``."""
    if ends is not None:
        return torch.cat([ends[0], ends[0], ends[1], ends[1]], 1)
    assert differences is not None
    return torch.cat([*differences, *differences], 1)
