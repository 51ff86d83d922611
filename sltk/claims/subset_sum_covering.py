r"""Closed-form size of a pool that covers a window, every constant given (claim ``subset-sum-covering``).

Theorem. Density at least ``p0`` on ``|x| <= L``, ``c = p0 L <= 1/2``. With probability at least
``1 - (2 L^2 / eps^2) (1 - c/2)^n`` every ``z`` in ``[-L/2, L/2]`` is within ``eps`` of a subset sum.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DELTA
from sltk.claims._pools import UNIT, count, covered, draw
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Proportion
from sltk.subset_sum.bounds import closed_form_failure, closed_form_size, counting_floor
from sltk.subset_sum.laws import Law, law_of, parse_law


def _has_constants(law: Law | str) -> bool:
    try:
        return law_of(law).constants().c <= 0.5
    except ValueError:
        return False


def required_width(eps: float, delta: float, law: Law | str = UNIT) -> int:
    """Samples that suffice for every target of ``[-L/2, L/2]`` at once; see ``closed_form_size``."""
    return closed_form_size(eps, delta, law)


def failure_bound(n: int, eps: float, law: Law | str = UNIT) -> float:
    """Bound of the probability that some target of the window is missed."""
    return closed_form_failure(n, eps, law)


def floor(eps: float, law: Law | str = UNIT) -> int:
    """Samples below which no pool covers the window."""
    return counting_floor(eps, law_of(law).constants().L)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Pools of ``cell["n"]`` samples that cover the window."""
    law = parse_law(cell["law"])
    return count(covered(draw(law, generator, trials, cell["n"]), cell["eps"], law.constants().L))


def cases(preset: Preset) -> tuple[Case, ...]:
    """Pools of the size that the theorem asks for; the control has half a dozen samples."""
    grid = [("uniform(1.0)", 0.1, 0.05)]
    if preset == "standard":
        grid += [("uniform(1.0)", 0.01, 0.05), ("normal(1.0)", 0.1, 0.05),
                 ("product(uniform(1.0), uniform(1.0))", 0.05, 0.05)]  # fmt: skip
    return (*(_case(*point) for point in grid), _case("uniform(1.0)", 0.1, 0.05, samples=6))


def _case(law: str, eps: float, delta: float, samples: int | None = None) -> Case:
    n = samples or closed_form_size(eps, delta, parse_law(law))
    name = f"{law}, eps {eps:g}, delta {delta:g}, n {n}"
    plan = Proportion(low=1.0 - delta, high=1.0, alternative=1.0 - 4.0 * delta)
    said = f"P(covered) >= {1 - delta:g}"
    return Case(name, {"law": law, "eps": eps, "n": n}, plan, said, control=samples is not None)


CLAIM = Claim(
    key="subset-sum-covering",
    title="every target of a window at once, closed form",
    statement=r"\Pr[\forall z \in [-L/2, L/2]: \mathrm{dist}(z, S(x)) \le \epsilon] \ge "
    r"1 - \frac{2 L^2}{\epsilon^2} (1 - c/2)^n, \quad c = p_0 L \le 1/2",
    source="Derived for this project; the argument is Lueker's (Random Structures & Algorithms 12, 1998)",
    provenance=(("statement", "derived"), ("its model", "remembered")),
    explanation="How many random numbers are enough for every target of a window? This is the answer with every "
    "constant written out: U[-1,1], window [-1/2,1/2]: 29 at (eps, delta) = (.1, .05), 45 at (.01, .05), 51 at "
    "(.01, .01), 61 at (.001, .05). It is safe and loose: about three times the truth. width-certificate is sharper.",
    hypotheses=(
        DELTA,
        Hypothesis(
            "a law with density >= p0 on |x| <= L and c = p0 L <= 1/2",
            _has_constants,
            "the share covered grows by the density's mass near the covered set",
            "use Uniform, Normal, a Product of these or a Masked one",
        ),
    ),
    bound=failure_bound,
    required_width=required_width,
    lower_bound=floor,
    measure=measure,
    cases=cases,
)
