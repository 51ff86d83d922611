r"""Equivariant networks (claim ``equivariant``).

Theorem (as restated). G-equivariant targets written in a basis B of the equivariant maps, source of depth 2l:
``n = C ln(2 l n^2 max(|B|, ||B||) / min(eps, delta))`` copies suffice.
"""

import math

from sltk.claims._hypotheses import DELTA, EPS, RELU
from sltk.core.claim import Claim, Hypothesis


def required_width(
    eps: float, delta: float, depth: int, width: int, basis: float, constant: float | None = None
) -> int:
    """``ceil(C ln(2 l n^2 max(|B|, ||B||) / min(eps, delta)))``; ``basis`` is the larger of size and norm of B."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * math.log(2.0 * depth * width**2 * basis / min(eps, delta)))


CLAIM = Claim(
    key="equivariant",
    title="equivariant networks",
    statement=r"n = C \ln\frac{2 l n^2 \max(|\mathcal{B}|, \|\mathcal{B}\|)}{\min(\epsilon, \delta)}",
    source="Ferbach et al. 2022 (arXiv 2206.04270)",
    provenance=(("statement", "restated"),),
    explanation="Prune in the coefficients of an equivariant basis, and the ticket is equivariant by construction. "
    "Dense and convolutional networks are the bases of the trivial and the translation group.",
    hypotheses=(
        EPS,
        DELTA,
        RELU,
        Hypothesis(
            "a basis of size and norm at least 1",
            lambda basis: basis >= 1.0,
            "it enters the logarithm",
            "pass max(|B|, ||B||)",
        ),
    ),
    status="existential",
    required_width=required_width,
    absent={"study": "the toolkit's constructions solve in the canonical basis; equivariant sources are not built yet"},
)
