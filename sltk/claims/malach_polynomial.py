r"""The first strong-ticket theorem, of polynomial width (claim ``malach-polynomial``).

Theorem (as restated, order only). Dense ReLU targets of depth l, source of depth 2l with U[-1,1] weights: a width
polynomial in (d, n, l, 1/eps, log 1/delta), of order ``d^5 l^2 / eps^2``, holds a ticket.
"""

import math

from sltk.claims._hypotheses import DELTA, EPS, RELU
from sltk.core.claim import Claim


def required_width(eps: float, dim: int, depth: int, constant: float | None = None) -> int:
    """``ceil(C d^5 l^2 / eps^2)``."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * dim**5 * depth**2 / eps**2)


CLAIM = Claim(
    key="malach-polynomial",
    title="the first theorem, polynomial width",
    statement=r"n = O\left(\frac{d^5 l^2}{\epsilon^2}\right) \cdot \mathrm{polylog}(1/\delta)",
    source="Malach et al. 2020 (arXiv 2002.00585)",
    provenance=(("statement", "restated"),),
    explanation="Where the field starts: each weight is found among many random ones, no sums are formed, so the width "
    "is polynomial in 1/eps. orseau-logarithmic and two-for-one replaced it by a logarithm.",
    hypotheses=(EPS, DELTA, RELU),
    status="existential",
    required_width=required_width,
    absent={"study": "only the order of the width is known to us, and the toolkit has no construction without sums"},
)
