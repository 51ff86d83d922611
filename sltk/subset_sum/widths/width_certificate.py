r"""Machine-certified sizes: value iteration over all laws of the covered share, in integers rounded outward.

Theorem. Let ``T`` be the length of the window ``[-T/2, T/2]`` of targets, ``eps = r + s`` and ``J`` the interval
``[-T/2 - s, T/2 + s]`` of length ``l``. Put ``A_0 = J & [-r, r]`` and ``A_k = A_{k-1} | (J & (A_{k-1} + x_k))``:
every point of ``A_n`` is within ``r`` of a subset sum. If ``|A_n| > l - 2 s`` then ``A_n`` meets ``[z - s, z + s]`` for
every target ``z``, and all of them are within ``eps`` of a subset sum. The share ``v_k = |A_k| / l`` obeys
``v_k <= v_{k+1} <= min(2 v_k, 1)`` and ``E[v_{k+1} | A_k] >= v_k + G(l v_k) / l`` (module ``width_gain``).
A covered set may be cut down to any part of it without lowering the probability of failure, so shares are rounded
down to the edges ``e_0 < e_1 < ..`` of a grid; and with ``B_0`` one below ``1 - 2 s / l`` and zero above,

    ``B_{k+1}(e_j) = `` concave envelope, over ``[e_j, min(2 e_j, 1)]``, of the step function ``B_k``, at the mean,

bounds the probability of failing with ``k + 1`` samples to come. ``B_n(2 r / l)`` bounds that of a pool of ``n``.

Why it is rigorous: distances and probabilities are integers, the mean is rounded down, ends of cells and every
envelope up (modules ``width_grid``, ``width_kernel``), and ``G`` is lowered by more than its rounding error.
``docs/width-certificate.md`` has the proof in full, ``proofs_checks/width_certificate.py`` another program for it.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices
from sltk.subset_sum.laws import Law, law_of
from sltk.subset_sum.widths.width_gain import certain_gain
from sltk.subset_sum.widths.width_grid import make_grid
from sltk.subset_sum.widths.width_kernel import PROBABILITY, worst_laws

CELLS = 3000
LARGEST = 4000
SMALLEST_SHARE = 2.0**-48  # of the window: slacks below would vanish beside it in float64
_STEPS_OF_SLACK = 4  # slacks are k 2^-i with 4 <= k < 8, so that certificates of near tolerances share their tables
_SLACK_LOW, _SLACK_HIGH = 0.3, 0.52  # shares of eps; the optimum is flat, near 0.4


class OutOfReach(SltkError):
    """The iteration proves nothing here: what a sample gains is lost in the rounding."""


@dataclass(frozen=True)
class WidthCertificate:
    """``P(some target of the window is farther than eps from S(x)) <= failure`` for ``size`` samples of ``law``.

    Attributes:
        law: text of the law, taken as continuous.
        window: length of the interval of targets, centred at 0.
        eps: tolerance.
        size: number of samples.
        slack: ``s``; the balls have radius ``eps - s``.
        failure: the proved bound, an exact rational.
    """

    law: str
    window: float
    eps: float
    size: int
    slack: float
    failure: Fraction


class Iteration:
    """The tables ``B_0, B_1, ..`` of one law, window and slack, computed when they are asked for."""

    def __init__(self, law: Law, window: float, slack: float, cells: int = CELLS):
        self.length = window + 2.0 * slack
        self.slack = (Fraction(self.length) - Fraction(window)) / 2  # exact, whatever the sum above was rounded to
        self.grid = make_grid(self.slack / Fraction(self.length), cells)
        share, gap = self.grid.share[:-1], self.grid.gap[:-1]
        gain = certain_gain(law, self.length, share * self.length, gap * self.length) / self.length
        self.mean = self.grid.distances(gain)
        start = np.full(self.grid.cells, PROBABILITY)
        start[-1] = 0
        self.tables: list[Indices] = [start]

    def table(self, steps: int) -> Indices:
        """``B_steps`` on the cells of the grid, in units of ``2^-36``."""
        while len(self.tables) <= steps:
            self.tables.append(worst_laws(self.grid.starts, self.grid.ends, self.tables[-1], self.mean))
        return self.tables[steps]

    def cell(self, eps: float) -> int:
        """Cell of the start, one ball of radius ``eps - slack``.

        Raises:
            OutOfReach: the ball is smaller than the grid's first share.
        """
        found = self.grid.cell(2 * (Fraction(eps) - self.slack) / Fraction(self.length))
        if found < 0:
            raise OutOfReach(f"the grid starts at the share {self.grid.share[0]}, but eps={eps} leaves a ball below.")
        return min(found, self.grid.cells - 1)

    def failure(self, steps: int, eps: float) -> Fraction:
        """Bound of the failure after ``steps`` samples from one ball of radius ``eps - slack``."""
        return Fraction(int(self.table(steps)[self.cell(eps)]), PROBABILITY)


@lru_cache(maxsize=24)
def iteration(law: Law, window: float, slack: float, cells: int = CELLS) -> Iteration:
    """The shared ``Iteration`` of these arguments."""
    return Iteration(law, window, slack, cells)


def certified_failure(n: int, eps: float, law: Law | str, window: float) -> WidthCertificate:
    """Least bound of the failure of ``n`` samples, over the slacks.

    Args:
        n: samples, ``0 <= n <= 4000``.
        eps: tolerance, ``0 < eps < window / 2``, in the units of ``law``.
        law: of the samples.
        window: length of the interval of targets.

    Raises:
        SltkError: an argument out of range, or a law of which nothing is known.
        OutOfReach: ``eps`` is too small a share of the window for float64.
    """
    if not 0 <= n <= LARGEST:
        raise SltkError(f"a width certificate needs 0 <= n <= {LARGEST}, but got n={n}; ask for fewer samples.")
    if not 0.0 < 2.0 * eps < window < math.inf:
        raise SltkError(f"a width certificate needs 0 < eps < window/2, but got eps={eps}, window={window}.")
    if eps < SMALLEST_SHARE * window:
        raise OutOfReach(f"tolerances end at {SMALLEST_SHARE:g} of the window, above eps={eps}.")
    law = law_of(law)
    found = [(iteration(law, window, s).failure(n, eps), s) for s in _slacks(eps)]
    failure, slack = min(found)
    return WidthCertificate(law.spec(), window, eps, n, slack, failure)


def certified_size(eps: float, delta: float, law: Law | str, window: float) -> WidthCertificate:
    """Certificate with the fewest samples whose bound is at most ``delta``.

    Raises:
        SltkError: as ``certified_failure``.
        OutOfReach: no ``n <= 4000`` will do.
    """
    law = law_of(law)
    found = certified_failure(0, eps, law, window)
    while found.failure > Fraction(delta):
        if found.size == LARGEST or (found.size and _at_rest(found.size, eps, law, window)):
            break
        found = certified_failure(found.size + 1, eps, law, window)
    else:
        return found
    raise OutOfReach(
        f"no certificate with n <= {LARGEST} at eps={eps}, delta={delta}: the iteration comes to rest at "
        f"{float(found.failure):.3g}; take larger ones."
    )


def _at_rest(n: int, eps: float, law: Law, window: float) -> bool:
    """Whether a sample more changes none of the tables any longer."""
    tables = [iteration(law, window, s).tables for s in _slacks(eps)]
    return all(np.array_equal(table[n], table[n - 1]) for table in tables)


def _slacks(eps: float) -> list[float]:
    """Slacks ``k 2^-i``, ``4 <= k < 8``, between ``.3 eps`` and ``.52 eps``."""
    top = math.frexp(eps)[1]
    slacks = (k * 2.0 ** (i - 3) for i in range(top - 3, top + 1) for k in range(_STEPS_OF_SLACK, 2 * _STEPS_OF_SLACK))
    return [s for s in slacks if _SLACK_LOW * eps <= s <= _SLACK_HIGH * eps]
