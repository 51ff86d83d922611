r"""Multi-head attention (claim ``attention``).

Theorem. H heads, token dimension d, inputs bounded by alpha: ``n_K >= C d ln(8 H alpha^3 d^{1.5} / eps)`` for keys and
queries and ``n_V >= C d ln(2 H alpha d sqrt(d_2) / eps)`` for values suffice, whatever the length of the sequence.
"""

import math

from sltk.claims._hypotheses import EPS
from sltk.core.claim import Claim, Hypothesis


def required_width(
    eps: float, dim: int, dim_out: int, heads: int, alpha: float, constant: float | None = None
) -> tuple[int, int]:
    """``(n_K, n_V)``, rounded up."""
    assert constant is not None  # the claim refuses the call before it comes here
    keys = math.log(8.0 * heads * alpha**3 * dim**1.5 / eps)
    values = math.log(2.0 * heads * alpha * dim * math.sqrt(dim_out) / eps)
    return math.ceil(constant * dim * keys), math.ceil(constant * dim * values)


CLAIM = Claim(
    key="attention",
    title="multi-head attention",
    statement=r"n_K \ge C d \ln\frac{8 H \alpha^3 d^{3/2}}{\epsilon}, \quad "
    r"n_V \ge C d \ln\frac{2 H \alpha d \sqrt{d_2}}{\epsilon}",
    source="Otsuka et al. 2025 (arXiv 2511.04217)",
    provenance=(("statement", "read"),),
    explanation="Softmax of nearly right scores is nearly right, so keys, queries and values can be subset sums like "
    "any other weights. The width does not grow with the length of the sequence.",
    hypotheses=(
        EPS,
        Hypothesis(
            "heads >= 1 and alpha >= 1",
            lambda heads, alpha: heads >= 1 and alpha >= 1.0,
            "they enter the logarithms as factors that do not help",
            "pass the number of heads and a bound of the inputs' norm",
        ),
    ),
    status="existential",
    required_width=required_width,
    absent={"study": "the toolkit's constructions do not read attention layers"},
)
