"""Numbers that are affine in the input and in products of deviations, many rows at once.

A row is ``sum_m C_m z_m + loose`` over monomials z of entries in [-1, 1]: the input about its middle (with 1 in front
for the constant), what lines of the target's values leave open, rests of second order, and any of these times one
deviation for each of some stages, the last stage first.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from sltk.certify.deviations.cube_norm import cube_norm
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma


class Monomial(NamedTuple):
    """What coefficients are of.

    Attributes:
        slopes: stages whose deviations are multiplied, last first.
        base: ``x`` for 1 and the input, ``line`` and ``rest`` for what stage ``stage`` leaves open; of ``x`` it is -1.
    """

    slopes: tuple[int, ...]
    base: str
    stage: int


INPUT_BASE = Monomial((), "x", -1)


@dataclass(frozen=True)
class Form:
    """Coefficients ``(rows, deviations of each stage of the monomial..., entries of its base)``; ``loose (rows,)``."""

    parts: dict[Monomial, Tensor]
    loose: Tensor

    def __add__(self, other: "Form") -> "Form":
        parts = dict(self.parts)
        for one, c in other.parts.items():
            parts[one] = parts[one] + c if one in parts else c
        return Form(parts, self.loose + other.loose)

    def moved(self, by: Tensor) -> "Form":
        """With ``by`` added to the constants."""
        first = torch.cat((self.parts[INPUT_BASE][:, :1] + by[:, None], self.parts[INPUT_BASE][:, 1:]), 1)
        return Form({**self.parts, INPUT_BASE: first}, self.loose)

    def under(self, matrix: Tensor) -> "Form":
        """``matrix`` times this, ``(new rows, rows)``."""
        parts = {one: (matrix @ c.flatten(1)).reshape(len(matrix), *c.shape[1:]) for one, c in self.parts.items()}
        return Form(parts, matrix.abs() @ self.loose)

    def by_neuron(self, c: Tensor) -> "Form":
        """``sum_a c_rja`` of the copies a of neuron j, for ``(rows, neurons, copies)``: rows ``rows * neurons``."""
        count, (neurons, copies) = len(c), c.shape[1:]
        parts = {
            one: torch.einsum("rja,jaz->rjz", c, own.reshape(neurons, copies, -1)).reshape(-1, *own.shape[1:])
            for one, own in self.parts.items()
        }
        return Form(parts, (c.abs() * self.loose.reshape(neurons, copies)).sum(-1).reshape(count * neurons))

    def deviating(self, stage: int, neurons: int) -> "Form":
        """Rows ``(rows * neurons)`` as ``rows``, each times the deviation of its neuron at ``stage``."""
        parts = {
            Monomial((stage, *one.slopes), one.base, one.stage): c.reshape(-1, neurons, *c.shape[1:])
            for one, c in self.parts.items()
        }
        return Form(parts, self.loose.reshape(-1, neurons).sum(1))

    def settled(self) -> "Form":
        """Rests as part of ``loose``, where they are too many to be kept."""
        kept = {one: c for one, c in self.parts.items() if one.base != "rest"}
        rests = [c.flatten(1).abs().sum(1) for one, c in self.parts.items() if one.base == "rest"]
        return Form(kept, sum(rests, self.loose))

    @property
    def columns(self) -> int:
        """Coefficients of a row."""
        return sum(c[0].numel() for c in self.parts.values())

    def range(self) -> Interval:
        """Where every row lies, ``(rows,)``, but for the rounding of its coefficients.

        Terms without deviations are taken at their sizes, those with the same last deviation together by their norm.
        """
        first = self.parts[INPUT_BASE]
        half, together = self.loose + first[:, 1:].abs().sum(1), dict[int, list[Tensor]]()
        for one, c in self.parts.items():
            if one.slopes:
                together.setdefault(one.slopes[0], []).append(c.flatten(2))
            elif one != INPUT_BASE:
                half = half + c.abs().sum(1)
        for own in together.values():
            matrix = torch.cat(own, 2)
            half = half + cube_norm(matrix[..., (matrix != 0).flatten(0, 1).any(0)])
        half = half * (1 + gamma(self.columns + 64))
        return Interval(first[:, 0] - half, first[:, 0] + half)
