"""The search that most published code performs: combinations in order of size, until one is close enough."""

from collections.abc import Sequence
from itertools import combinations


def first_within(pool: Sequence[float], target: float, eps: float) -> tuple[int, ...] | None:
    """Positions of the first subset within ``eps``, smallest size first; ``None`` where there is none."""
    for size in range(len(pool) + 1):
        for samples, subset in zip(combinations(range(len(pool)), size), combinations(pool, size), strict=True):
            if abs(target - sum(subset)) <= eps:
                return samples
    return None
