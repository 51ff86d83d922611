r"""Disjoint groups fail independently (claim ``amplification``).

Theorem. For independent samples, ``P_fail(n_1 + .. + n_m) <= P_fail(n_1) .. P_fail(n_m)``, for one target and for all
of them: a pool fails only where each of its m disjoint groups does. With groups of one size, ``P_fail(m n) <=
P_fail(n)^m``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DELTA
from sltk.claims._pools import count, draw
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Proportion
from sltk.subset_sum import solve
from sltk.subset_sum.bounds import amplified_size
from sltk.subset_sum.laws import Uniform

Z, EPS = 0.3, 0.1
SINGLE = 1.0 - EPS  # one sample of U[-1,1] hits an interval of length 2 eps with probability eps


def required_width(n: int, failure: float, delta: float) -> int:
    """Samples for ``delta``, from one certified ``P_fail(n) <= failure``."""
    return amplified_size(n, failure, delta)


def failure_bound(failure: float, groups: int) -> float:
    """``failure^groups``."""
    return failure**groups


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Pools of ``groups`` samples that miss the target .3 by more than .1."""
    pools = draw(Uniform(), generator, trials, 1 if cell["repeated"] else cell["groups"])
    if cell["repeated"]:
        pools = np.repeat(pools, cell["groups"], axis=1)
    solved = solve(pools, np.full(trials, Z), eps=EPS, objective="cardinality")
    return count(~solved.reached)


def cases(preset: Preset) -> tuple[Case, ...]:
    """Groups of one sample fail with probability .9 exactly; the control repeats one sample, so groups depend."""
    made = [_case(f"{m} groups", m, False) for m in ((4,) if preset == "quick" else (2, 4, 8))]
    return (*made, _case("one sample, 4 times", 4, True))


def _case(name: str, groups: int, repeated: bool) -> Case:
    limit = SINGLE**groups
    plan = Proportion(0.0, limit, alternative=min(0.99, limit + 0.08))
    return Case(name, {"groups": groups, "repeated": repeated}, plan, f"P(missed) <= {limit:.5g}", control=repeated)


CLAIM = Claim(
    key="amplification",
    title="disjoint groups fail independently",
    statement=r"P_{\mathrm{fail}}(n_1 + \dots + n_m) \le \prod_{i=1}^m P_{\mathrm{fail}}(n_i)",
    source="Derived for this project, elementary",
    provenance=(("statement", "derived"),),
    explanation="One certified failure probability at one size gives a size for every delta: repeat the group. "
    "Doubling a pool squares its failure. Groups of different sizes, each certified, multiply in the same way.",
    hypotheses=(
        DELTA,
        Hypothesis(
            "a proved failure probability 0 <= failure < 1 of one group",
            lambda failure: 0.0 <= failure < 1.0,
            "powers of 1 do not fall",
            "certify a larger group",
        ),
    ),
    bound=failure_bound,
    required_width=required_width,
    measure=measure,
    cases=cases,
)
