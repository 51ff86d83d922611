"""Closed intervals of float64 tensors, entry by entry, with ends that are moved outward."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.core.numerics.rounding import require_finite, up


@dataclass(frozen=True)
class Interval:
    """``low <= x <= high``, entry by entry; float64 tensors of one shape."""

    low: Tensor
    high: Tensor

    @property
    def magnitude(self) -> Tensor:
        """``sup |x| = max(|low|, |high|)``, exact."""
        return torch.maximum(self.low.abs(), self.high.abs())

    def contains(self, x: Tensor) -> bool:
        """Whether every entry of ``x`` (leading batch axes allowed) lies within."""
        return bool(((x >= self.low) & (x <= self.high)).all())


def joined(x: Interval, skips: Sequence[Interval]) -> Interval:
    """Sum of intervals, rounded outward."""
    for skip in skips:
        low, high, far = x.low + skip.low, x.high + skip.high, torch.full_like(x.low, torch.inf)
        x = Interval(torch.nextafter(low, -far), torch.nextafter(high, far))
    return x


def outward(low: Tensor, high: Tensor, slack: Tensor, what: str) -> Interval:
    """``[low - slack, high + slack]``, rounded outward; ends with no slack are exact and stay.

    Raises:
        SltkError: an end that leaves float64; the message names ``what``.
    """
    found = _moved(low, high, slack)
    require_finite(torch.stack((found.low, found.high)), f"range of {what}")
    return found


def widened(x: Interval, errors: Tensor) -> Interval:
    """Every value within ``errors`` of a value of ``x``, entry by entry; ``errors`` may have more leading axes."""
    return _moved(x.low, x.high, errors)


def apart(one: Interval, other: Interval) -> Tensor:
    """Largest distance between a value of one interval and a value of the other."""
    return up(torch.maximum(other.high - one.low, one.high - other.low))


def _moved(low: Tensor, high: Tensor, slack: Tensor) -> Interval:
    down, over = low - slack, high + slack
    infinity = torch.full_like(down, torch.inf)
    return Interval(
        torch.where(slack > 0, torch.nextafter(down, -infinity), low),
        torch.where(slack > 0, torch.nextafter(over, infinity), high),
    )
