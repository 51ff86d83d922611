"""Overlap of two masks: intersection over union, beside what chance gives."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom
from torch import Tensor

from sltk.core.errors import SltkError


@dataclass(frozen=True)
class Overlap:
    """Of two masks of one tensor.

    Attributes:
        both: coefficients that both keep.
        either: coefficients that one of them keeps at least.
        chance: expected ``both / either`` of two independent, uniformly random masks of the same two counts; to 1e-9.
    """

    both: int
    either: int
    chance: float

    @property
    def iou(self) -> float:
        """``both / either``; 1 for two empty masks, which are equal."""
        return self.both / self.either if self.either else 1.0


def overlaps(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> dict[str, Overlap]:
    """Overlap of every tensor of two sets of masks.

    Args:
        first: bool masks by name; see ``sltk.train.export.masks.masks_of``.
        second: of the same names and shapes.

    Raises:
        SltkError: other names or shapes.
    """
    if set(first) != set(second):
        raise SltkError(f"masks must have the same names, but got {sorted(first)} and {sorted(second)}.")
    return {name: _overlap(name, first[name], second[name]) for name in first}


def total_iou(found: Mapping[str, Overlap]) -> float:
    """Intersection over union over all tensors together."""
    either = sum(part.either for part in found.values())
    return sum(part.both for part in found.values()) / either if either else 1.0


def chance_iou(total: int, first: int, second: int) -> float:
    """Expected intersection over union of two random masks with ``first`` and ``second`` of ``total`` kept.

    The intersection is hypergeometric, ``X``, and the union ``first + second - X``.

    Returns:
        The expectation, with absolute error below 1e-9.
    """
    if first + second == 0:
        return 1.0
    low, high = max(0, first + second - total), min(first, second)
    mean = first * second / total
    # The tails are below those of a binomial law (Hoeffding), and by Bernstein's bound less than 2e-13 lies further out
    # than 20 of its deviations and 20.
    reach = 20.0 * (math.sqrt(mean) + 1.0)
    hits = np.arange(max(low, math.floor(mean - reach)), min(high, math.ceil(mean + reach)) + 1)
    return float(np.sum(hypergeom.pmf(hits, total, first, second) * hits / (first + second - hits)))


def _overlap(name: str, first: Tensor, second: Tensor) -> Overlap:
    if first.shape != second.shape:
        raise SltkError(f"masks of {name!r} must have one shape, but have {first.shape} and {second.shape}.")
    both, either = int((first & second).sum()), int((first | second).sum())
    return Overlap(both, either, chance_iou(first.numel(), int(first.sum()), int(second.sum())))
