r"""The size of a covering pool grows like ``log(1/eps)`` (claim ``lueker``).

Theorem (Lueker). For pools of U[-1,1] there is a constant C such that ``n >= C log(2 / min(eps, delta))`` samples
approximate every ``z`` in [-1/2, 1/2] to within ``eps`` with probability at least ``1 - delta``.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DELTA, EPS
from sltk.claims._pools import draw, growth, least_covering, least_pairs
from sltk.core.claim import Case, Claim, Preset
from sltk.core.statistics.verdict import Slope
from sltk.subset_sum.bounds import counting_floor
from sltk.subset_sum.laws import Uniform

TOLERANCES = (0.4, 0.1, 0.025, 0.00625)
PAIR_TOLERANCES = (*TOLERANCES, 0.0015625)
CAP = 26
PAIR_CAP = 160
STRAIGHT, CONVEX = 0.2, 0.5  # n = k x^2 through the measured n at eps = .00625 has k = .6


def required_width(eps: float, delta: float, constant: float | None = None) -> int:
    """``ceil(C log(2 / min(eps, delta)))``, natural logarithm."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * math.log(2.0 / min(eps, delta)))


def floor(eps: float) -> int:
    """Counting: samples below which no pool covers [-1/2, 1/2]."""
    return counting_floor(eps, 1.0)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Least size at every tolerance, of one growing pool a trial."""
    pools = draw(Uniform(), generator, trials, cell["cap"])
    if cell["subsets"] == "pairs":
        target = generator.uniform(-0.5, 0.5, trials)
        sizes = [least_pairs(pools, target, eps) for eps in cell["eps"]]
    else:
        sizes = [least_covering(pools, eps, 1.0) for eps in cell["eps"]]
    return growth(np.stack(sizes, axis=1), cell["cap"])


def cases(preset: Preset) -> tuple[Case, ...]:
    """Sizes at four tolerances; the control may use two samples only, and grows like a power of ``1/eps``."""
    trials = 2500 if preset == "quick" else 4000
    return (_case("all", TOLERANCES, CAP, trials), _case("pairs", PAIR_TOLERANCES, PAIR_CAP, 4000))


def _case(subsets: str, eps: tuple[float, ...], cap: int, trials: int) -> Case:
    plan = Slope(tuple(math.log(1.0 / e) for e in eps), cap, STRAIGHT, CONVEX, trials)
    name = {"all": "all subsets", "pairs": "at most two samples"}[subsets]
    said = f"n(ln 1/eps) straight: curvature <= {STRAIGHT:g}"
    return Case(name, {"subsets": subsets, "eps": list(eps), "cap": cap}, plan, said, control=subsets == "pairs")


CLAIM = Claim(
    key="lueker",
    title="covering pools grow like log(1/eps)",
    statement=r"n \ge C \log\frac{2}{\min(\epsilon, \delta)} \Rightarrow "
    r"\Pr[\forall z \in [-1/2, 1/2]: \mathrm{dist}(z, S(x)) \le \epsilon] \ge 1 - \delta",
    source="Lueker, Random Structures & Algorithms 12 (1998) 51, as the lottery-ticket papers restate it",
    provenance=(("statement", "restated"),),
    explanation="Every strong-ticket theorem rests on this one: a random pool of logarithmic size approximates "
    "every target. The source proves that C exists and gives no number; subset-sum-covering and width-certificate "
    "do. What can be measured without C is the shape: the least size against ln(1/eps) is a straight line.",
    hypotheses=(EPS, DELTA),
    status="existential",
    required_width=required_width,
    lower_bound=floor,
    measure=measure,
    cases=cases,
)
