"""Accuracy over densities that were achieved, which are not those that were asked where whole groups are dropped."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Curve = tuple[Sequence[float], Sequence[float]]  # densities and accuracies of one seed, by round


def area(density: Sequence[float], accuracy: Sequence[float], low: float = 0.0, high: float = np.inf) -> float | None:
    """Mean of the accuracy over log density between ``low`` and ``high``, linear in log density between the rounds.

    Args:
        density: achieved, one a round; rounds of one density count by their mean accuracy, those of density 0 not.
        accuracy: one a round.
        low: least density, raised to the least that was achieved.
        high: largest density, lowered to the largest that was achieved.

    Returns:
        ``None`` where fewer than two densities are left between them.
    """
    at, seen = _merged(density, accuracy)
    if at.size < 2:
        return None
    low, high = max(low, float(at[0])), min(high, float(at[-1]))
    if not low < high:
        return None
    inner = at[(at > low) & (at < high)]
    x = np.log(np.concatenate([[low], inner, [high]]))
    y = np.interp(x, np.log(at), seen)
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def areas(first: Sequence[Curve], second: Sequence[Curve], below: float = np.inf) -> list[tuple[float, float]] | None:
    """Areas of pairs of curves, seed by seed, each over the densities that both members of the pair achieved.

    Returns:
        ``None`` where a pair shares fewer than two densities up to ``below`` (each member has two of its own there).
    """
    found = []
    for one, other in zip(first, second, strict=True):
        ranges = [_merged(*curve)[0] for curve in (one, other)]
        if any((at <= below).sum() < 2 for at in ranges):
            return None
        low, high = max(at[0] for at in ranges), min(below, *(at[-1] for at in ranges))
        pair = area(*one, low, high), area(*other, low, high)
        if pair[0] is None or pair[1] is None:
            return None
        found.append((pair[0], pair[1]))
    return found


def _merged(density: Sequence[float], accuracy: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Densities above 0 in rising order, each once, and the mean accuracy at each."""
    at, place = np.unique(np.asarray(density, dtype=np.float64), return_inverse=True)
    seen = np.bincount(place, np.asarray(accuracy, dtype=np.float64)) / np.bincount(place)
    return at[at > 0], seen[at > 0]
