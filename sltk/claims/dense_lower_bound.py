r"""No source can do with fewer parameters (claim ``dense-lower-bound``).

Theorem (as restated). A source, of whatever law, that holds a ticket within ``eps`` of every linear ``d x d`` target of
norm at most 1, each with probability at least 1/2, has at least ``d^2 log2(1 / (2 eps)) - 1`` parameters.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._pools import count, draw
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Proportion
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform

EPS = 2.0**-10


def lower_bound(eps: float, dim: int) -> float:
    """``d^2 log2(1 / (2 eps)) - 1`` parameters."""
    return dim**2 * math.log2(0.5 / eps) - 1.0


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """``d = 1``: uniform targets in [-1, 1] that a pool of n parameters reaches."""
    pools, target = draw(Uniform(), generator, trials, cell["n"]), generator.uniform(-1.0, 1.0, trials)
    return count(solve(pools, target, eps=EPS, objective="cardinality").reached)


def cases(preset: Preset) -> tuple[Case, ...]:
    """One parameter under the bound at ``d = 1``; the control claims twice the bound, where most are reached."""
    least = math.ceil(lower_bound(EPS, 1))
    return (_case(least - 1, False), _case(2 * least, True))


def _case(n: int, control: bool) -> Case:
    name = f"{n} parameters, {'twice' if control else 'below'} the bound at eps 2^-10"
    return Case(name, {"n": n}, Proportion(0.0, 0.5, alternative=0.6), "P(reached) < 1/2", control)


CLAIM = Claim(
    key="dense-lower-bound",
    title="parameters that no source can save",
    statement=r"|\theta_S| \ge d^2 \log_2\frac{1}{2 \epsilon} - 1",
    source="Pensia et al. 2020 (arXiv 2006.07990), theorem 2",
    provenance=(("statement", "restated"), ("its arithmetic", "derived")),
    explanation="Counting: n parameters have 2^n masks, and each reaches a ball of targets. So a logarithmic number of "
    "parameters per weight is needed, and the theorems are sharp up to their constants.",
    hypotheses=(
        Hypothesis(
            "a tolerance 0 < eps < 1/2",
            lambda eps: 0.0 < eps < 0.5,
            "beyond 1/2 the bound says nothing",
            "pass the tolerance for targets of norm 1",
        ),
        Hypothesis("dim >= 1", lambda dim: dim >= 1, "a target has an input", "pass d of the d x d target"),
    ),
    lower_bound=lower_bound,
    measure=measure,
    cases=cases,
)
