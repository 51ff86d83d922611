r"""Success of one part of a construction: problems that share random factors, or problems with independent pools.

Shared. Row k draws the factors anew and makes ``m`` trials ``Y_1..Y_m`` (``sltk.construct.predict.given``), each with
mean ``L`` given the factors. With ``X = prod_t (1 - Y_t/m)_+`` and ``C = sum_t (Y_t/m - 1)_+``

    ``E X - E C - g <= E S <= E X + E L / (e m)``,   ``S = prod_theta (1 - p(theta | factors))^R``,

where ``g = 0`` for ``m <= R`` and ``g = E L^2 / (2 R)`` else, to third order. Proof: trials are independent given the
factors, so ``E[X | factors] = (1 - L/m + c)^m`` with ``m c = E[C | factors]``, which exceeds ``(1 - L/m)_+^m`` by 0 to
``m c``. And ``0 <= exp(-L) - (1 - L/m)_+^m <= L^2 exp(-L)/m <= L/(e m)``, while S lies between ``(1 - L/R)_+^R`` and
``exp(-L)``. What is added and taken off is measured on the same rows: it is a few thousandths.

Independent. With the splitting's limits of the mean failure probability, ``L`` lies in ``[low, high]``, and
``(1 - high/R)_+^R <= S <= exp(-low)``.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sltk.construct.pools.problems import ProblemFamily
from sltk.construct.predict.given import failures_given, fresh
from sltk.construct.predict.kept import content, kept
from sltk.core.numerics.arrays import Values
from sltk.core.rng import key
from sltk.subset_sum.splitting import RareEstimate, SampleDraw, Splitting, gathered

TRIALS = 12  # pools of each draw of the factors
REPETITIONS, PARTICLES = 24, 400
TILT, STEP = 0.3, 3  # chosen by the spread of repetitions at n = 14 and 22, on targets of no network


@dataclass(frozen=True)
class SharedRows:
    """Success of problems that share their factors, row by row.

    Attributes:
        success: ``(rows,)`` X, in [0, 1].
        failures: ``(rows,)`` the mean of a row's trials.
        above: what the mean of S may exceed that of X by; below: what it may fall short by.
    """

    success: Values
    failures: Values
    above: float
    below: float

    @classmethod
    def none(cls, rows: int) -> "SharedRows":
        """Of no problem."""
        return cls(np.ones(rows), np.zeros(rows), 0.0, 0.0)

    def and_of(self, other: "SharedRows") -> "SharedRows":
        """Both, their factors independent: a product of means is the mean of the products, row by row."""
        return SharedRows(
            self.success * other.success, self.failures + other.failures, self.above + other.above,
            self.below + other.below,
        )  # fmt: skip

    @classmethod
    def of(cls, part: ProblemFamily, trials: Values) -> "SharedRows":
        """From ``(rows, m)`` trials."""
        m = trials.shape[1]
        ratio, failures = trials / m, trials.mean(axis=1)
        below = float(np.maximum(ratio - 1.0, 0.0).sum(axis=1).mean())
        if m > part.copies:
            first, second = trials[:, : m // 2].mean(axis=1), trials[:, m // 2 :].mean(axis=1)
            below += max(0.0, float((first * second).mean())) / (2.0 * part.copies)
        return cls(np.maximum(1.0 - ratio, 0.0).prod(axis=1), failures, float(failures.mean()) / (math.e * m), below)


def shared_rows(part: ProblemFamily, draws: int, seed: int, folder: Path | None) -> SharedRows:
    """Rows for ``draws`` sets of factors, from ``folder`` where they are kept."""
    asked = {"what": "shared", "part": content(part), "draws": draws, "trials": TRIALS, "seed": seed}
    return SharedRows.of(part, kept(folder, asked, lambda: failures_given(part, fresh(part), draws, TRIALS, seed)))


def mean_failure(part: ProblemFamily, confidence: float, seed: int, folder: Path | None) -> RareEstimate:
    """Mean failure probability of problems with independent pools, by splitting, kept in ``folder``."""
    tilt, own = TILT if part.law.symmetric else 0.5, key(seed, "part", part.stage, part.kind)
    asked = Splitting.of(
        part.n, part.targets, part.eps, _samples(part), particles=PARTICLES, seed=own, step=STEP, tilt=tilt
    )
    record = {"what": "splitting", "part": content(part), "particles": PARTICLES, "seed": seed,
              "repetitions": REPETITIONS, "step": STEP, "tilt": tilt}  # fmt: skip
    products = kept(folder, record, lambda: np.stack([asked.repetition(k) for k in range(REPETITIONS)]))
    return gathered(asked, products, confidence)


def bracket(failures: float, copies: int) -> tuple[float, float]:
    """Least and largest success of problems of which ``failures`` are expected to fail, ``copies`` of each alike."""
    return max(0.0, 1.0 - failures / copies) ** copies, math.exp(-failures)


def _samples(part: ProblemFamily) -> SampleDraw:
    def draw(generator: np.random.Generator, count: int, first: int, last: int) -> Values:
        return part.law.sample(generator, (count, last - first)) * part.scale[first:last]

    return draw
