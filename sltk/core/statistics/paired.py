"""Paired comparisons over seeds: an exact sign-flip test, and Holm's correction over several of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sltk.core.errors import SltkError

_MOST = 22  # pairs: 2^22 sums are formed at most

Finding = Literal["supported", "contradicted", "open"]


@dataclass(frozen=True)
class Paired:
    """Outcome of one comparison.

    Attributes:
        mean: mean difference.
        low: smallest of the differences.
        high: largest.
        p_greater: p-value against "symmetric about ``margin`` or less", small where the differences exceed it.
        p_less: the same on the other side.
        pairs: number of differences.
    """

    mean: float
    low: float
    high: float
    p_greater: float
    p_less: float
    pairs: int


def fewest_pairs(family: int, level: float) -> int:
    """Pairs below which no comparison of a family can be found by ``findings`` at ``level``, whatever the data."""
    return math.ceil(math.log2(2 * family / level))


def sign_flip(differences: Sequence[float]) -> float:
    """Exact one-sided p-value of "the differences are symmetric about 0" against "they are larger".

    ``P(sum of s_i d_i >= sum of d_i)`` over all ``2^n`` equally likely signs; under the null hypothesis it is at most
    ``a`` with probability at most ``a``, whatever the law of the sizes.

    Args:
        differences: 1 to 22 numbers.

    Returns:
        At least ``2^-n``; sums within ``1e-12`` of their scale count as equal, so that rounding cannot lower it.

    Raises:
        SltkError: another number of differences, or one that is not finite.
    """
    d = np.asarray(differences, dtype=np.float64)
    if not 1 <= d.size <= _MOST or not np.all(np.isfinite(d)):
        raise SltkError(f"sign_flip needs 1 to {_MOST} finite differences, but got {d.size}; pair fewer seeds.")
    sums = np.zeros(1)
    for k in range(d.size):
        sums = np.concatenate([sums + d[k], sums - d[k]])
    return int(np.count_nonzero(sums >= d.sum() - 1e-12 * np.abs(d).sum())) / sums.size


def paired(first: Sequence[float], second: Sequence[float], margin: float = 0.0) -> Paired:
    """``first - second`` pair by pair against ``margin``: -.005 asks for "not worse by more than .005".

    Raises:
        SltkError: unequal lengths.
    """
    if len(first) != len(second):
        raise SltkError(f"paired needs values in pairs, but got {len(first)} and {len(second)}.")
    d = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    up, down = sign_flip((d - margin).tolist()), sign_flip((margin - d).tolist())
    return Paired(float(d.mean()), float(d.min()), float(d.max()), up, down, d.size)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values: rejecting those at most ``a`` errs anywhere with probability at most ``a``.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65 (remembered).
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda n: p_values[n])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def findings(comparisons: Mapping[str, Paired], level: float) -> dict[str, tuple[Finding, float]]:
    """``supported``, ``contradicted`` or ``open`` for each of a family, with Holm's p-value of that side.

    Each side is a family of its own at ``level / 2``, so that all findings together err with probability ``level``.
    """
    up = holm({name: c.p_greater for name, c in comparisons.items()})
    down = holm({name: c.p_less for name, c in comparisons.items()})
    found: dict[str, tuple[Finding, float]] = {}
    for name in comparisons:
        if up[name] <= level / 2:
            found[name] = "supported", up[name]
        elif down[name] <= level / 2:
            found[name] = "contradicted", down[name]
        else:
            found[name] = "open", min(up[name], down[name])
    return found
