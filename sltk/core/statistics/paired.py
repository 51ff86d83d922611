"""Paired comparisons over seeds: an exact sign-flip test of symmetry, and Holm's correction over several of them.

What is tested. The null hypothesis is that the differences of the pairs are symmetric about the margin, or about a
number below it. It holds where the two members of a pair are exchangeable, as two arms of one law on one seed are. To
refuse it is to say that the differences are not symmetric about any such number, and lie above. It is not a test of the
mean: differences that are skewed may have mean 0 and be refused far more often than the level says (12 pairs of +1 with
probability .9 and -9 with probability .1, mean 0: at .025 with probability .282, since all twelve are then +1). That a
mean lies above the margin follows where the differences are symmetric about their own centre, whatever it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sltk.core.errors import SltkError

_MOST = 22  # pairs: 2^22 sums are formed at most

Finding = Literal["supported", "contradicted", "open"]

TESTED = (
    "Supported: symmetry of the paired differences about the margin, or about less, is refuted; they lie above it. "
    "Contradicted: the same from the other side. It speaks of the mean only where differences are symmetric about some "
    "centre: skewed ones of mean 0 are found so more often than the level says."
)


@dataclass(frozen=True)
class Paired:
    """Outcome of one comparison.

    Attributes:
        mean: mean difference.
        low: smallest of the differences.
        high: largest.
        p_greater: p-value of "symmetric about ``margin`` or less", small where the differences exceed it; it is no
            p-value of a statement on the mean, unless they are symmetric about some centre.
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

    ``P(sum of s_i d_i >= sum of d_i)`` over all ``2^n`` equally likely signs; under the null hypothesis, and where the
    centre of symmetry is below 0, it is at most ``a`` with probability at most ``a``, whatever the law of the sizes.
    "Mean 0" is a wider hypothesis, under which that does not hold: see the module.

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

    The words are about symmetry, as ``TESTED`` says. Each side is a family of its own at ``level / 2``, so that all
    findings together err with probability ``level`` under the module's null hypothesis.
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
