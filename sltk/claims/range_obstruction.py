r"""The positive samples must add up to the target (claim ``range-obstruction``).

Theorem. For U[-1,1] and ``0 < t <= 1``, ``P(sum x_i^+ < t) = 2^-n sum_k C(n,k) t^k / k!``; hence a fixed target z is
missed at least with this probability at ``t = |z| - eps``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import EPS
from sltk.claims._pools import count, draw
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Proportion
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform
from sltk.subset_sum.probability import range_obstruction


def failure_at_least(n: int, z: float, eps: float) -> float:
    """Lower bound of the probability that n samples of U[-1,1] miss the target z."""
    return range_obstruction(n, abs(z) - eps, Uniform())


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Pools whose positive samples add up to less than t, or pools that miss z by the exact solver."""
    pools = draw(Uniform(), generator, trials, cell["n"])
    if cell["what"] == "range":
        return count(np.maximum(pools, 0.0).sum(axis=1) < cell["t"])
    solved = solve(pools, np.full(trials, cell["z"]), eps=cell["eps"], objective="cardinality")
    return count(~solved.reached)


def cases(preset: Preset) -> tuple[Case, ...]:
    """The formula is exact for the range and a lower bound for the solver; controls use a pool two samples larger."""
    n, z, eps = (8, 0.9, 0.1) if preset == "quick" else (12, 0.99, 0.02)
    exact, wrong = (range_obstruction(m, z - eps, Uniform()) for m in (n, n + 2))
    trials = max(Proportion(exact, exact, wrong).trials, Proportion(wrong, wrong, exact).trials)
    right, control = Proportion(exact, exact, wrong, fixed=trials), Proportion(wrong, wrong, exact, fixed=trials)
    cell, solver = {"what": "range", "n": n, "t": z - eps}, {"what": "solver", "n": n, "z": z, "eps": eps}
    return (
        Case("positive part", cell, right, f"P = {exact:.6g}"),
        Case("exact solver", solver, Proportion(exact, 1.0, wrong), f"P(missed) >= {exact:.6g}"),
        Case("formula for n + 2", cell, control, f"P = {wrong:.6g}", control=True),
    )


CLAIM = Claim(
    key="range-obstruction",
    title="the positive samples must reach the target",
    statement=r"\Pr[\mathrm{dist}(z, S(x)) > \epsilon] \ge \Pr[\textstyle\sum_i x_i^+ < t] "
    r"= 2^{-n} \sum_{k=0}^n \binom{n}{k} \frac{t^k}{k!}, \quad t = |z| - \epsilon \in (0, 1]",
    source="Derived for this project, elementary",
    provenance=(("statement", "derived"),),
    explanation="A pool fails mostly because samples of one sign are scarce. This is the exact probability that they "
    "are too scarce to reach the target at all; it falls like 2^-n times a stretched exponential and therefore rules "
    "how n grows with ln(1/delta), which no choice of subset can improve.",
    hypotheses=(
        EPS,
        Hypothesis(
            "a target eps < |z| <= 1 + eps",
            lambda z, eps: eps < abs(z) <= 1.0 + eps,
            "within eps the empty subset will do, and beyond 1 + eps another formula holds",
            "call sltk.subset_sum.probability.range_obstruction, which takes every t",
        ),
    ),
    bound=failure_at_least,
    measure=measure,
    cases=cases,
)
