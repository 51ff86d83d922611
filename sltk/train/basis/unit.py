"""Whole units: the canonical basis with one decision for all weights of a unit."""

from typing import Literal

from sltk.train.basis.base import NamedBasis
from sltk.train.basis.canonical import Canonical


class Unit(Canonical):
    """``W = c``, where all weights that leave an input (or enter an output) of a layer are kept or dropped together.

    On the input side every layer, the last too, can be thinned without losing a class; an input of a hidden layer is
    a unit of the layer before, so a dropped one can be cut out of both.

    Args:
        axes: number of axes of the weight.
        side: the side whose units are kept or dropped.
    """

    def __init__(self, axes: int, side: Literal["input", "output"] = "input") -> None:
        super().__init__()
        kept = min(axes, 2 if side == "input" else 1)
        own = -axes + kept - 1
        self.groups = tuple(axis for axis in range(-axes, 0) if axis != own)


NAMED = (NamedBasis("unit", lambda place: Unit(place.weight.ndim)),)
