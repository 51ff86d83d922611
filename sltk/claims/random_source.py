r"""A source that is random and sparse from the start (claim ``random-source``).

Theorem. An Erdos-Renyi source of density p costs a factor ``1 / ln(1/(1-p))`` in width; explicitly, each sample
survives with probability p, which takes ``c = p0 L`` of ``subset-sum-covering`` to ``p c``.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DELTA, DENSITY
from sltk.claims._pools import UNIT, count, covered, draw
from sltk.core.claim import Case, Claim, Preset
from sltk.core.statistics.verdict import Proportion
from sltk.subset_sum.bounds import closed_form_size
from sltk.subset_sum.laws import Law, Masked, Uniform, law_of, parse_law

TOLERANCE, FAILURE = 0.1, 0.05


def factor(density: float) -> float:
    """``1 / ln(1 / (1 - p))``, the order of the published factor."""
    return -1.0 / math.log1p(-density)


def required_width(eps: float, delta: float, density: float, law: Law | str = UNIT) -> int:
    """Samples, before masking, that cover ``[-L/2, L/2]``."""
    return closed_form_size(eps, delta, Masked(law_of(law), density))


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Masked pools that cover the window."""
    law = parse_law(cell["law"])
    return count(covered(draw(law, generator, trials, cell["n"]), TOLERANCE, law.constants().L))


def cases(preset: Preset) -> tuple[Case, ...]:
    """Pools of the stated size; the control has the size of an unmasked pool, which the density is left out of."""
    densities = (0.2,) if preset == "quick" else (0.2, 0.5)
    made = [_case(p, required_width(TOLERANCE, FAILURE, p), False) for p in densities]
    return (*made, _case(0.2, closed_form_size(TOLERANCE, FAILURE, Uniform()), True))


def _case(density: float, n: int, control: bool) -> Case:
    plan = Proportion(1.0 - FAILURE, 1.0, alternative=1.0 - 4.0 * FAILURE)
    cell = {"law": Masked(Uniform(), density).spec(), "n": n}
    return Case(f"density {density:g}, n {n}", cell, plan, f"P(covered) >= {1 - FAILURE:g}", control)


CLAIM = Claim(
    key="random-source",
    title="sources that are sparse from the start",
    statement=r"c \to p c \text{ in subset-sum-covering}; \quad n_p = O\left(n / \ln\tfrac{1}{1-p}\right)",
    source="Gadhikar et al. 2022 (arXiv 2210.02412); the explicit form is derived for this project",
    provenance=(("statement", "derived"), ("the factor 1/ln(1/(1-p))", "read")),
    explanation="A source may be pruned at random before anything is looked at: the pools are larger by about 1/p. The "
    "same number of samples without that factor fails, which the control shows.",
    hypotheses=(DELTA, DENSITY),
    bound=factor,
    required_width=required_width,
    measure=measure,
    cases=cases,
)
