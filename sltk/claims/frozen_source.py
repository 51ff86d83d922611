r"""A source that is partly pruned or locked beforehand (claim ``frozen-source``).

Statement (abstract). Strong tickets exist in sources some of whose weights are pruned and some locked at random.
Derived here: a fixed target z with locked members of sum s is reached by the free members exactly where these reach
``z - s``.
"""

from sltk.claims._hypotheses import DELTA, DENSITY
from sltk.claims._pools import UNIT
from sltk.core.claim import Claim
from sltk.subset_sum.bounds import closed_form_size
from sltk.subset_sum.laws import Law, Masked


def required_width(eps: float, delta: float, density: float, law: Law = UNIT) -> int:
    """Members of which a share ``density`` is free, for targets whose distance to the locked sum is in the window."""
    return closed_form_size(eps, delta, Masked(law, density))


CLAIM = Claim(
    key="frozen-source",
    title="sources that are partly pruned or locked",
    statement=r"\mathrm{dist}(z, s + S(x_{\mathrm{free}})) = \mathrm{dist}(z - s, S(x_{\mathrm{free}})), \quad "
    r"s = \textstyle\sum_{\mathrm{locked}} x_i",
    source="Otsuka et al. 2024 (arXiv 2402.14029)",
    provenance=(("statement", "abstract"), ("the shift by the locked sum", "derived")),
    explanation="Freezing part of a source at random compresses it: pruned weights need not be stored, locked ones "
    "need no mask. For the free members nothing changes but their number and the target's place.",
    hypotheses=(DELTA, DENSITY),
    required_width=required_width,
    absent={"study": "constructions take whole pools; pruned members alone are measured as random-source"},
)
