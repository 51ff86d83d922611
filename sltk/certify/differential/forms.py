"""Linear functionals of a value in target and ticket, many rows at once."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor

from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import underflow, up
from sltk.networks.relaxed import dot

Part = Literal["target", "difference", "ticket"]
_PARTS = ("target", "difference", "ticket", "fold", "odd", "even")


@dataclass(frozen=True)
class Form:
    """Coefficients on the target's value x, on ``x - x^`` and ``x^`` copy by copy, and on functions of a single copy.

    Attributes:
        target: ``(rows, *shape)`` or ``None`` for zeros.
        difference: ``(rows, copies, *shape)`` or ``None``.
        ticket: the same shape or ``None``.
        fold: on ``|x^|``, ``(rows, *shape)`` or ``None``.
        odd, even: on ``x^ |x^|^(q-1)`` and on ``|x^|^q``, likewise.
        order: q.
    """

    target: Tensor | None = None
    difference: Tensor | None = None
    ticket: Tensor | None = None
    fold: Tensor | None = None
    odd: Tensor | None = None
    even: Tensor | None = None
    order: int = 1

    def __add__(self, other: "Form") -> "Form":
        parts = (_sum(getattr(self, name), getattr(other, name)) for name in _PARTS)
        return Form(*parts, order=max(self.order, other.order))

    @property
    def parts(self) -> list[Tensor | None]:
        """All coefficients."""
        return [getattr(self, name) for name in _PARTS]

    @property
    def curves(self) -> dict[str, Tensor]:
        """Coefficients on functions of a single copy that are not lines."""
        return {name: c for name, c in zip(_PARTS[3:], self.parts[3:], strict=True) if c is not None}

    @property
    def rows(self) -> int:
        """Number of functionals."""
        return next(len(c) for c in self.parts if c is not None)

    def block(self, first: int, count: int) -> "Form":
        """Some of the rows."""
        return Form(*(None if c is None else c[first : first + count] for c in self.parts), order=self.order)

    def times(self, sign: float) -> "Form":
        """All coefficients times 1 or -1."""
        return Form(*(None if c is None else sign * c for c in self.parts), order=self.order)

    def size(self, known: "Known") -> Tensor:
        """Sum of the sizes of all terms at their largest, ``(rows,)``."""
        parts = (
            (self.target, known.target.magnitude[0]),
            (self.difference, known.difference.magnitude),
            (self.ticket, known.ticket.magnitude),
            (self.fold, known.ticket.magnitude[0]),
            (self.odd, power(known.ticket.magnitude[0], self.order)),
            (self.even, power(known.ticket.magnitude[0], self.order)),
        )
        return sum((dot(c.abs(), sizes) for c, sizes in parts if c is not None), torch.zeros(self.rows).double())


@dataclass(frozen=True)
class Known:
    """Where one value of target and ticket lies: x ``(1, *shape)``, ``x - x^`` and ``x^`` ``(copies, *shape)``."""

    target: Interval
    difference: Interval
    ticket: Interval

    def met(self, other: "Known") -> "Known":
        """In both."""
        return Known(*(meet(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))


def of_part(part: Part, c: Tensor) -> Form:
    """The functional of one part alone."""
    return Form(**{part: c})  # pyright: ignore[reportArgumentType]  # which is no number


def units(shape: tuple[int, ...], size: int) -> Iterator[Tensor]:
    """Functionals of single entries, in order, at most ``size`` at a time: ``(rows, *shape)``."""
    count = math.prod(shape)
    for first in range(0, count, size):
        rows = torch.zeros(min(size, count - first), count, dtype=torch.float64)
        rows[torch.arange(len(rows)), first + torch.arange(len(rows))] = 1.0
        yield rows.reshape(-1, *shape)


def power(size: Tensor, order: int) -> Tensor:
    """Upper bound of ``size ** order``."""
    found = size
    for _ in range(order - 1):
        found = up(found * size) + underflow(1, found, size)
    return found


def meet(one: Interval, other: Interval) -> Interval:
    """Intersection; where rounding leaves it empty, a point of it is kept."""
    low, high = torch.maximum(one.low, other.low), torch.minimum(one.high, other.high)
    return Interval(torch.minimum(low, high), torch.maximum(low, high))


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
