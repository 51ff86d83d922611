r"""A logarithmic factor for each weight (claim ``orseau-logarithmic``).

Theorem (order). Dense targets with Lipschitz activations, log-uniform source weights: a factor logarithmic in the
accuracy for each weight is about all that a source needs; the core is ``golden-ratio-greedy``.
"""

import math

from sltk.claims._hypotheses import DELTA, EPS
from sltk.core.claim import Claim, Hypothesis


def required_width(eps: float, weights: int, constant: float | None = None) -> int:
    """``ceil(C ln(1/eps))`` neurons for each of the target's ``weights``."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * math.log(1.0 / eps)) * weights


CLAIM = Claim(
    key="orseau-logarithmic",
    title="a logarithmic factor per weight",
    statement=r"O(\log(1/\epsilon)) \text{ source neurons for each weight of the target}",
    source="Orseau et al. 2020 (arXiv 2006.12156)",
    provenance=(("statement", "read"), ("its core, golden-ratio-greedy", "derived")),
    explanation="From polynomial to logarithmic, with weights drawn on a logarithmic scale and products of two of "
    "them. Its core is an explicit algorithm with explicit numbers, the claim golden-ratio-greedy, which is measured.",
    hypotheses=(
        EPS,
        DELTA,
        Hypothesis(
            "a Lipschitz activation",
            lambda lipschitz: 0.0 <= lipschitz < math.inf,
            "weight errors must not grow without bound",
            "use an activation of sltk.networks.activations.table",
        ),
    ),
    status="existential",
    required_width=required_width,
    absent={"study": "its core is measured as golden-ratio-greedy; the network around it is not built here"},
)
