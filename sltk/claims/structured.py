r"""Tickets by removing whole filters (claim ``structured``).

Theorem (order). Removing filters and blocks only, a source of polynomial width holds a ticket. It rests on subset sums
of vectors: ``O(d^3 log(1/eps) (log(1/eps) + log d))`` vectors suffice in d dimensions; counting asks for
``d log2(1/eps)``.
"""

import math

from sltk.claims._hypotheses import EPS
from sltk.core.claim import Claim, Hypothesis


def required_width(eps: float, dim: int, constant: float | None = None) -> int:
    """``ceil(C d^3 ln(1/eps) (ln(1/eps) + ln d))`` vectors."""
    assert constant is not None  # the claim refuses the call before it comes here
    log = math.log(1.0 / eps)
    return math.ceil(constant * dim**3 * log * (log + math.log(dim)))


def floor(eps: float, dim: int) -> int:
    """Counting: ``2^n`` cubes of side ``2 eps`` cover a cube of side 2 only where ``n >= d log2(1/eps)``."""
    return math.ceil(dim * math.log2(1.0 / eps))


CLAIM = Claim(
    key="structured",
    title="whole filters removed",
    statement=r"n = O(d^3 \log\tfrac1\epsilon (\log\tfrac1\epsilon + \log d)) \text{ vectors suffice}, \quad "
    r"n \ge d \log_2\tfrac1\epsilon \text{ are necessary}",
    source="da Cunha, d'Amore, Natale 2023 (arXiv 2311.09858); Becchetti et al. for vector subset sums",
    provenance=(("statement", "restated"), ("that the width is polynomial", "read"), ("the floor", "derived")),
    explanation="If only whole neurons may go, each choice fixes a whole vector of weights, so a target is a subset "
    "sum in many dimensions, and logarithms become polynomials. The network's exponents are not verified, so "
    "they are not printed.",
    hypotheses=(EPS, Hypothesis("dim >= 1", lambda dim: dim >= 1, "a vector has entries", "pass its length")),
    status="existential",
    required_width=required_width,
    lower_bound=floor,
    absent={"study": "the solvers of the toolkit are for scalars; vector subset sums are not solved yet"},
)
