r"""Tickets of a given density (claim ``fixed-size``).

Theorem. Subsets of exactly k of n samples: ``n >= c log2(k/eps) / H2(k/n)`` for a fixed target, ``log2^2`` for all;
networks ``n* >= c log2^2(2 l d d' g n*/eps) / H2(g)`` for density g. Lower bound ``n >= (d^2/2) log2(k/eps) / H2(k/n)``
for ``k <= .84 n``, ``eps < 1/16``. Counting underneath: C(n,k) subsets reach at most ``C(n,k) 2 eps``.
"""

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DENSITY
from sltk.claims._pools import count, draw
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.errors import SltkError
from sltk.core.statistics.verdict import Proportion
from sltk.subset_sum.laws import Uniform

N, K, EPS = 12, 3, 2.0**-11


def entropy(p: float) -> float:
    """``H2(p)``, binary entropy in bits."""
    return 0.0 if p in (0.0, 1.0) else -p * math.log2(p) - (1.0 - p) * math.log2(1.0 - p)


def required_width(
    eps: float, density: float, depth: int, fan_in: int, fan_out: int, constant: float | None = None
) -> int:
    """Least fixed point of ``n = c log2^2(2 l d d' g n / eps) / H2(g)``, from below by iteration, rounded up."""
    assert constant is not None  # the claim refuses the call before it comes here
    n = 1.0
    for _ in range(10_000):
        inside = max(2.0, 2.0 * depth * fan_in * fan_out * density * n / eps)
        following = constant * math.log2(inside) ** 2 / entropy(density)
        if following <= n * (1.0 + 1e-12):
            return math.ceil(n)
        n = following
    raise SltkError(f"fixed-size found no fixed point at constant={constant}; pass a smaller constant or a larger eps.")


def lower_bound(n: int, kept: int, eps: float, dim: int) -> float:
    """``(d^2/2) log2(k/eps) / H2(k/n)``; a source of n parameters needs at least that many."""
    return 0.5 * dim**2 * math.log2(kept / eps) / entropy(kept / n)


def share_bound(n: int, kept: int, eps: float, window: float = 1.0) -> float:
    """Largest probability that a uniform target of the window is within ``eps`` of a subset of ``kept`` samples."""
    return min(1.0, math.comb(n, kept) * 2.0 * eps / window)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Targets uniform in [-1/2, 1/2] within ``2^-11`` of a sum of exactly 3 of 12 samples."""
    pools, target = draw(Uniform(), generator, trials, N), generator.uniform(-0.5, 0.5, trials)
    sums = pools[:, np.array(list(combinations(range(N), K)))].sum(axis=2)
    return count((np.abs(sums - target[:, None]) <= EPS).any(axis=1))


def cases(preset: Preset) -> tuple[Case, ...]:
    """The counting bound; the control counts single samples only."""
    gap = 0.05 if preset == "quick" else 0.02
    right, wrong = share_bound(N, K, EPS), share_bound(N, 1, EPS)
    return (
        Case("12 choose 3", {}, Proportion(0.0, right, right + gap), f"P(reached) <= {right:.4g}"),
        Case("12 choose 1", {"claimed": wrong}, Proportion(0.0, wrong, wrong + 0.05),
             f"P(reached) <= {wrong:.4g}", control=True),
    )  # fmt: skip


CLAIM = Claim(
    key="fixed-size",
    title="tickets of a given density",
    statement=r"n^* \ge c \frac{\log_2^2(2 l d d' \gamma n^* / \epsilon)}{H_2(\gamma)}, \quad "
    r"n \ge \frac{d^2}{2} \cdot \frac{\log_2(k/\epsilon)}{H_2(k/n)} \text{ is necessary}",
    source="Natale et al. 2024 (arXiv 2410.14754)",
    provenance=(("statement", "read"), ("the counting bound that is measured", "derived")),
    explanation="How sparse may a ticket be? With exactly k of n parameters kept there are C(n,k) masks instead of "
    "2^n, so the entropy of the density divides. c is existential; the counting bound under it is measured.",
    hypotheses=(
        DENSITY,
        Hypothesis(
            "a tolerance 0 < eps < 1/16",
            lambda eps: 0.0 < eps < 1.0 / 16.0,
            "the lower bound is stated for it",
            "pass a smaller tolerance",
        ),
        Hypothesis(
            "1 <= k <= .84 n",
            lambda kept, n: 1 <= kept <= 0.84 * n,
            "the lower bound is stated for it",
            "prune more",
        ),
    ),
    status="existential",
    bound=share_bound,
    required_width=required_width,
    lower_bound=lower_bound,
    measure=measure,
    cases=cases,
)
