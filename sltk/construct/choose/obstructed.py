"""How often a pool cannot reach its target, since nearly all of its large samples have one sign; without a draw.

A subset's sum is at most the sum ``S`` of the positive samples. ``P(S < t)`` is a convolution of the samples' laws,
computed here on a grid by Fourier transforms, which leave out what is larger than was asked for: rare events down to
1e-12, which no number of trials would show.
"""

from typing import Any

import numpy as np
from numpy import fft

from sltk.core.numerics.arrays import Values
from sltk.subset_sum.laws import Law

_fft: Any = fft  # numpy's since its 2.0 gives scipy's bits as fast, and is there already

CELLS = 1024
PER_OCTAVE = 8  # of the random factors: a factor is taken for the lower end of its eighth of an octave


def obstruction_probability(law: Law, factors: Values, targets: Values) -> Values:
    """Probability that the positive samples of a pool sum to less than each target.

    Args:
        law: of the weights, symmetric.
        factors: ``(draws, n)`` what the n weights of a pool are multiplied with; where they are random, many draws.
        targets: ``(m,)`` positive.

    Returns:
        ``(m,)`` probabilities, too large rather than too small by the rounding of factors and sums to the grid, which
        is about ``n / 2`` of 1,024 cells of the largest target; absolute error of the transform 1e-13.
    """
    most = float(targets.max())
    step = most / CELLS
    edges: Values = np.arange(CELLS + 1, dtype=np.float64) * step
    sums = np.zeros(CELLS)
    sums[0] = 1.0
    for column, times in _alike(factors):
        sums = _added(sums, _positive_part(law, column, edges), times)
    below = np.cumsum(sums)
    place = np.minimum(np.ceil(targets / step - 1e-9).astype(np.int64), CELLS) - 1
    return np.clip(below[place], 0.0, 1.0)


def _added(sums: Values, masses: Values, times: int) -> Values:
    """The law on the cells of ``sums`` plus ``times`` samples of the law ``masses``; what lies beyond is left out."""
    while times:
        if times % 2:
            sums = _convolved(sums, masses)
        times //= 2
        if times:
            masses = _convolved(masses, masses)
    return sums


def _convolved(one: Values, other: Values) -> Values:
    first = np.asarray(_fft.rfft(one, 2 * CELLS))
    product = first * (first if other is one else np.asarray(_fft.rfft(other, 2 * CELLS)))
    return np.maximum(np.asarray(_fft.irfft(product, 2 * CELLS))[:CELLS], 0.0)


def _alike(factors: Values) -> list[tuple[Values, int]]:
    """Columns with the same factors, and how many there are of each."""
    found: dict[bytes, tuple[Values, int]] = {}
    for column in factors.T:
        key = np.sort(column).tobytes()
        found[key] = (column, found[key][1] + 1 if key in found else 1)
    return list(found.values())


def _positive_part(law: Law, factor: Values, edges: Values) -> Values:
    """Masses of ``max(factor x, 0)`` on the cells, each at its lower end; what lies beyond them all is left out."""
    size = np.abs(factor[factor != 0.0])
    masses = np.zeros(edges.size - 1)
    masses[0] += 1.0 - size.size / factor.size
    eighths, counts = np.unique(np.floor(PER_OCTAVE * np.log2(size)), return_counts=True)
    cdf = law.cdf(edges / 2.0 ** (eighths[:, None] / PER_OCTAVE))
    own = np.diff(cdf, axis=1)
    own[:, 0] += cdf[:, 0]  # negative samples add nothing
    for row, count in zip(own, counts, strict=True):
        masses += row * (count / factor.size)
    return masses
