r"""No pool covers more than its number of subsets allows (claim ``counting-floor``).

Theorem. The targets of a window of length W within ``eps`` of ``S(x)`` have length at most ``2^n 2 eps``; covering
all of it needs ``2^n 2 eps >= W``.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import EPS
from sltk.claims._pools import draw, violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.numerics.arrays import Values
from sltk.core.statistics.verdict import Never
from sltk.subset_sum import bounds
from sltk.subset_sum.laws import Uniform

ROUNDING = 1e-12


def covered_share_bound(n: int, eps: float, window: float = 1.0) -> float:
    """Largest share of a window that n samples can reach to within ``eps``."""
    return min(1.0, math.ldexp(eps, n + 1) / window)


def floor(eps: float, window: float = 1.0) -> int:
    """Least n with ``2^n 2 eps >= window``."""
    return bounds.counting_floor(eps, window)


def covered_share(pools: Values, eps: float, window: float) -> Values:
    """Share of ``[-window/2, window/2]`` within ``eps`` of a subset sum, for ``(trials, n)`` pools."""
    n = pools.shape[1]
    subsets = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    sums = np.sort(pools @ subsets.T.astype(float), axis=1)
    low, high = np.clip(sums - eps, -window / 2, window / 2), np.clip(sums + eps, -window / 2, window / 2)
    start = np.maximum(low, np.concatenate([low[:, :1], high[:, :-1]], axis=1))
    return np.maximum(high - start, 0.0).sum(axis=1) / window


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Covered share against ``factor`` times the bound."""
    share = covered_share(draw(Uniform(), generator, trials, cell["n"]), cell["eps"], 1.0)
    bound = covered_share_bound(cell["n"], cell["eps"])
    return violations(share, np.full(trials, cell["factor"] * bound + ROUNDING))


def cases(preset: Preset) -> tuple[Case, ...]:
    """Small and larger pools; the control counts intervals of length eps instead of 2 eps."""
    sizes = (4, 8) if preset == "quick" else (4, 6, 8, 10)
    made = [_case(f"n {n}", n, 1.0) for n in sizes]
    return (*made, _case("half the bound", 4, 0.5, control=True))


def _case(name: str, n: int, factor: float, control: bool = False) -> Case:
    eps = math.ldexp(0.01, 4 - n)
    cell = {"n": n, "eps": eps, "factor": factor}
    return Case(name, cell, Never(), f"share <= {factor * covered_share_bound(n, eps):.4g}", control)


CLAIM = Claim(
    key="counting-floor",
    title="2^n subsets cover at most 2^n 2 eps",
    statement=r"|W \cap (S(x) + [-\epsilon, \epsilon])| \le 2^n \cdot 2 \epsilon "
    r"\quad \Rightarrow \quad n \ge \log_2 \frac{|W|}{2 \epsilon}",
    source="Volume argument, elementary",
    provenance=(("statement", "derived"),),
    explanation="The floor under every width: with fewer samples than this no pool, however lucky, covers the window. "
    "At eps = .01 and a window of length 1 it is 6; measured truth is 14.",
    hypotheses=(
        EPS,
        Hypothesis(
            "a window of length > 0",
            lambda window: window > 0,
            "an empty window needs no pool",
            "pass the length of the interval of targets",
        ),
    ),
    bound=covered_share_bound,
    lower_bound=floor,
    measure=measure,
    cases=cases,
)
