r"""Hits of one target by first and second moment (claim ``second-moment``).

Theorem. ``N`` = number of subsets within ``eps`` of ``z``. Then ``P(N > 0) >= (E N)^2 / E N^2`` (Cauchy-Schwarz).
``E N = sum_k C(n,k) P(|Y_k - z| <= eps)`` with ``Y_k`` a sum of k samples, an Irwin-Hall probability for U[-1,1];
``E N^2`` sums over pairs (A, B) by (overlap, only A, only B) one integral over the sum of the overlap.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.claims._hypotheses import EPS
from sltk.claims._pools import count, draw
from sltk.core.claim import Case, Claim, Preset
from sltk.core.statistics.verdict import Mean, Proportion
from sltk.subset_sum.laws import Uniform

Z, TOLERANCE = 0.5, 0.1
QUADRATURE = 1e-4  # relative allowance for the trapezoidal rule below, measured at 1e-6


def cdf(k: int, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """``P(Y_k <= t)`` for the sum of k samples of U[-1,1]; the empty sum is 0."""
    if k == 0:
        return (t >= 0.0).astype(float)
    x = np.clip((t + k) / 2.0, 0.0, k)
    terms = [(-1) ** j * math.comb(k, j) * np.maximum(x - j, 0.0) ** k for j in range(k + 1)]
    return np.clip(np.sum(terms, axis=0) / math.factorial(k), 0.0, 1.0)


def density(k: int, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Density of ``Y_k``, ``k >= 1``; zero at and beyond ``|t| = k``."""
    x = (t + k) / 2.0
    powers = [np.where(x > j, np.maximum(x - j, 0.0) ** (k - 1), 0.0) for j in range(k + 1)]
    terms = [(-1) ** j * math.comb(k, j) * power for j, power in enumerate(powers)]
    inside = (x > 0.0) & (x < k)
    return np.where(inside, np.sum(terms, axis=0) / (2.0 * math.factorial(k - 1)), 0.0)


def first_moment(n: int, z: float, eps: float) -> float:
    """``E N`` for U[-1,1], to about 1e-12."""
    return float(sum(math.comb(n, k) * _hit(k, np.array(z), eps) for k in range(n + 1)))


@cache
def second_moment(n: int, z: float, eps: float) -> float:
    """``E N^2`` for U[-1,1], to a relative 1e-4 (trapezoidal rule), ``n <= 10``."""
    total = 0.0
    for overlap in range(n + 1):
        t = np.linspace(-overlap, overlap, 8001) if overlap else np.zeros(1)
        weight = density(overlap, t) * (t[1] - t[0]) if overlap else np.ones(1)
        hits = [_hit(k, z - t, eps) for k in range(n - overlap + 1)]
        for a in range(n - overlap + 1):
            for b in range(n - overlap - a + 1):
                pairs = math.factorial(n) // math.prod(map(math.factorial, (overlap, a, b, n - overlap - a - b)))
                total += pairs * float(weight @ (hits[a] * hits[b]))
    return total


def hit_at_least(n: int, z: float, eps: float) -> float:
    """Lower bound of the probability that some subset is within ``eps`` of z."""
    return first_moment(n, z, eps) ** 2 / (second_moment(n, z, eps) * (1.0 + QUADRATURE))


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Number of hits of each pool, by listing all subsets."""
    n, pools = cell["n"], draw(Uniform(), generator, trials, cell["n"])
    subsets = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)
    hits = (np.abs(pools @ subsets.T - Z) <= TOLERANCE).sum(axis=1)
    if cell["what"] == "hit":
        return count(hits > 0)
    values = hits.astype(float) ** cell["power"]
    return {"sum": float(values.sum()), "squares": float((values**2).sum()), "trials": trials}


def cases(preset: Preset) -> tuple[Case, ...]:
    """E N and the bound; the control takes the subsets for independent, ``1 - exp(-E N)``."""
    n, trials = (6, 20_000) if preset == "quick" else (8, 60_000)
    first, second = (f(n, Z, TOLERANCE) for f in (first_moment, second_moment))
    bound, wrong = hit_at_least(n, Z, TOLERANCE), 1.0 - math.exp(-first)
    cell, hit = {"what": "moment", "n": n}, {"what": "hit", "n": n}
    mean = Mean(first * (1 - 1e-9), first * (1 + 1e-9), 2.0**n, 1.15 * first, trials)
    square = Mean(second * (1 - QUADRATURE), second * (1 + QUADRATURE), 4.0**n, 1.5 * second, 4 * trials)
    return (
        Case("E N", {**cell, "power": 1}, mean, f"E N = {first:.5g}"),
        Case("E N^2", {**cell, "power": 2}, square, f"E N^2 = {second:.5g}"),
        Case("hit", hit, Proportion(bound, 1.0, bound - 0.08), f"P(hit) >= {bound:.5g}"),
        Case("independent subsets", {**hit, "claimed": wrong}, Proportion(wrong, 1.0, wrong - 0.08),
             f"P(hit) >= {wrong:.5g}", control=True),
    )  # fmt: skip


def _hit(k: int, z: NDArray[np.float64], eps: float) -> NDArray[np.float64]:
    """``P(|Y_k - z| <= eps)``; for the empty sum the interval is closed on both sides."""
    return (np.abs(z) <= eps).astype(float) if k == 0 else cdf(k, z + eps) - cdf(k, z - eps)


CLAIM = Claim(
    key="second-moment",
    title="one target, by first and second moment",
    statement=r"\Pr[N > 0] \ge \frac{(E N)^2}{E N^2}, \quad N = |\{I: |z - \textstyle\sum_I x| \le \epsilon\}|",
    source="Cauchy-Schwarz, elementary; the sums for U[-1,1] are derived for this project",
    provenance=(("statement", "derived"),),
    explanation="A lower bound of the probability of hitting one target, with numbers that can be computed to any "
    "accuracy. It saturates near sqrt(3)/2, because subsets that share samples hit or miss together; amplification "
    "takes it further.",
    hypotheses=(EPS,),
    bound=hit_at_least,
    measure=measure,
    cases=cases,
)
