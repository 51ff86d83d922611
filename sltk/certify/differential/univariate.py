"""Extremes of functions of one number each, over boxes: ``f(x) = a x + c |x|^q`` with other a, c for each sign of x.

On one side of 0, with ``s = |x|``, f is ``a s + c s^q``, which turns at ``s = (-a/(q c))^(1/(q - 1))`` if anywhere.
The turn is computed, so f may be larger at the exact one, by the square of what it is off: far less than the slack
that is added.
"""

import torch
from torch import Tensor

from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT

Pair = tuple[Tensor, Tensor] | tuple[Tensor, ...]
SLACK = 64 * UNIT


def extremes(line: Pair, curve: Pair | None, order: int, x: Interval) -> tuple[Tensor, Tensor, Tensor]:
    """Sums over the first axis of the least and the largest values, and of the largest sizes of terms.

    Args:
        line: a for positive and for negative x, ``(entries, 1)``.
        curve: c likewise, or ``None``.
        order: q.
        x: ``(entries, positions)``.
    """
    seen = [value(line, curve, order, end) for end in (x.low, x.high)]
    least, most = torch.minimum(*seen), torch.maximum(*seen)
    for inner in turns(line, curve, order):
        inside = (x.low < inner) & (inner < x.high)
        at = value(line, curve, order, inner)
        least = torch.where(inside, torch.minimum(least, at), least)
        most = torch.where(inside, torch.maximum(most, at), most)
    size = torch.maximum(line[0].abs(), line[1].abs()) * x.magnitude
    if curve is not None:
        size = size + torch.maximum(curve[0].abs(), curve[1].abs()) * x.magnitude**order
    size = size.sum(0)
    return least.sum(0) - SLACK * size, most.sum(0) + SLACK * size, size


def value(line: Pair, curve: Pair | None, order: int, x: Tensor) -> Tensor:
    """f(x)."""
    positive = x >= 0
    found = torch.where(positive, line[0], line[1]) * x
    return found if curve is None else found + torch.where(positive, curve[0], curve[1]) * x.abs() ** order


def turns(line: Pair, curve: Pair | None, order: int) -> list[Tensor]:
    """Where f may turn: 0, and a place on each side."""
    places = [torch.zeros_like(line[0])]
    if curve is None:
        return places
    for sign, a, c in ((1.0, line[0], curve[0]), (-1.0, -line[1], curve[1])):
        ratio = torch.where(c == 0, -1.0, -a / (order * torch.where(c == 0, 1.0, c)))
        place = ratio.clamp(min=0) ** (1.0 / (order - 1))
        places.append(torch.where(ratio > 0, sign * place, 0.0))
    return places
