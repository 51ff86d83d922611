"""Functionals of a value on many boxes, and sums of constants with their rounding."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from sltk.certify.differential.backward import UNDERFLOW
from sltk.core.numerics.rounding import gamma


@dataclass(frozen=True)
class Functional:
    """Coefficients ``([boxes,] rows, entries)`` on target and difference; ``None`` for zeros."""

    target: Tensor | None = None
    difference: Tensor | None = None


def both(one: Functional | None, other: Functional) -> Functional:
    """The sum."""
    if one is None:
        return other
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
    return Functional(*(b if a is None else a if b is None else a + b for a, b in pairs))


class Total:
    """A sum of numbers, ``(boxes, rows)``, with the rounding of their addition."""

    def __init__(self) -> None:
        self.total = self.size = torch.zeros(1, 1, dtype=torch.float64)
        self.count = 8

    def add(self, value: Tensor) -> None:
        """One more term."""
        self.total, self.size, self.count = self.total + value, self.size + value.abs(), self.count + 1

    def upper(self) -> Tensor:
        """At least the exact sum."""
        return self.total + (gamma(2 * self.count) * self.size + UNDERFLOW)


def by_copy(x: Tensor, copies: int) -> Tensor:
    """The last axis, ``neurons * copies``, as two."""
    return x.reshape(*x.shape[:-1], -1, copies)


def alone(v: Tensor) -> Tensor:
    """``([boxes,] rows, neurons, copies)``, coefficients of each neuron alone: ``([boxes,] rows * neurons, all)``."""
    return torch.diag_embed(v.movedim(-1, -2)).movedim(-3, -1).flatten(-4, -3).flatten(-2)


def dot(c: Tensor, values: Tensor) -> Tensor:
    """``sum c v`` of every row, ``(boxes, rows)``; c ``([boxes,] rows, entries)``, values ``(boxes, entries)``."""
    return torch.matmul(c, values[..., None])[..., 0] if c.dim() == 3 else torch.matmul(values, c.T)
