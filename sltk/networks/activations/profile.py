"""How steep and how bent an activation is over an interval, from pieces between which it is smooth.

On a piece the slope ``phi'`` turns at known points and is monotone between them, so that over an interval it is
largest and least at the ends or at a turn inside; the same of the curvature ``phi''``. Where the pieces meet the slope
may jump. Ends and turns are float64 numbers near the exact ones, and slopes are computed: ``SLACK`` covers both.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

SLACK = 2.0**-40  # of the largest slope: far above what float64 loses, and above the square of what a turn is off by
Elementwise = Callable[[Tensor], Tensor]


def flat(x: Tensor) -> Tensor:
    """``phi'' = 0``, of a straight piece."""
    return torch.zeros_like(x)


@dataclass(frozen=True)
class Piece:
    """phi on ``low <= x <= high``.

    Attributes:
        low, high: ends; may be infinite.
        slope: ``phi'`` inside, and its limits at the ends; functions here are those of a module, so that they pickle.
        turns: where ``phi'`` turns.
        bend: ``phi''``, likewise.
        bend_turns: where that turns.
    """

    low: float
    high: float
    slope: Elementwise
    turns: tuple[float, ...] = ()
    bend: Elementwise = flat
    bend_turns: tuple[float, ...] = ()


@dataclass(frozen=True)
class Profile:
    """Pieces from left to right that cover the line; of straight ones nothing is rounded."""

    pieces: tuple[Piece, ...]
    straight: bool = False
    size: float = 1.0

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the pieces meet."""
        return tuple(piece.low for piece in self.pieces[1:])

    def slopes(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest ``(phi(y) - phi(x))/(y - x)`` for ``low <= x < y <= high``."""
        return self._extent(low, high, [(piece.slope, piece.turns) for piece in self.pieces])

    def bends(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest ``phi''`` inside; infinite where the slope jumps."""
        least, most = self._extent(low, high, [(piece.bend, piece.bend_turns) for piece in self.pieces])
        for left, right in pairwise(self.pieces):
            kink = torch.tensor(right.low, dtype=torch.float64)
            if abs(float(left.slope(kink) - right.slope(kink))) <= SLACK:
                continue
            broken = (low < kink) & (high > kink)
            least = torch.where(broken, -math.inf, least)
            most = torch.where(broken, math.inf, most)
        return least, most

    def _extent(
        self, low: Tensor, high: Tensor, functions: Sequence[tuple[Elementwise, tuple[float, ...]]]
    ) -> tuple[Tensor, Tensor]:
        least, most = torch.full_like(low, math.inf), torch.full_like(low, -math.inf)
        for piece, (function, turns) in zip(self.pieces, functions, strict=True):
            here = ((low < piece.high) & (high > piece.low)) | (
                (low == high) & (low >= piece.low) & (low <= piece.high)
            )
            a, b = (end.clamp(piece.low, piece.high) for end in (low, high))
            seen = [function(a), function(b)]
            for turn in turns:
                inside = (a <= turn) & (b >= turn)
                seen.append(torch.where(inside, function(torch.full_like(a, turn)), seen[0]))
            values = torch.stack(seen)
            least = torch.where(here, torch.minimum(least, values.amin(0)), least)
            most = torch.where(here, torch.maximum(most, values.amax(0)), most)
        slack = 0.0 if self.straight else SLACK * self.size
        return least - slack, most + slack


def lines(*slopes: float, kinks: tuple[float, ...]) -> Profile:
    """Straight pieces of these slopes, which meet at ``kinks``."""
    ends = (-math.inf, *kinks, math.inf)
    pieces = (Piece(a, b, constant(m)) for a, b, m in zip(ends[:-1], ends[1:], slopes, strict=True) if a < b)
    return Profile(tuple(pieces), straight=True)


def smooth(
    slope: Elementwise, turns: tuple[float, ...], bend: Elementwise, bend_turns: tuple[float, ...], size: float = 1.0
) -> Profile:
    """One piece; ``size`` is at least the largest slope and curvature."""
    return Profile((Piece(-math.inf, math.inf, slope, turns, bend, bend_turns),), size=size)


def constant(value: float) -> Elementwise:
    """The function that is ``value`` everywhere."""
    return partial(torch.full_like, fill_value=value)
