r"""A residual target in a source with one layer more (claim ``plus-one-residual``).

Working form (the formula is remembered, the blocks are derived): as ``plus-one-conv``; an identity skip is exact and
joins copy (j, k) to copy (j, k), so the number of copies must be equal at both of its ends.
"""

from sltk.claims import _existence
from sltk.claims._existence import Small, error_cases
from sltk.claims._hypotheses import DELTA, EPS, KINK
from sltk.claims.plus_one_dense import required_width as dense_width
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.lazy import calling

SMALL = Small("residual")


def cases(preset: Preset) -> tuple[Case, ...]:
    """Success at three widths and errors; controls: a formula without copies, a skip joined to another neuron."""
    return (*_existence.cases(SMALL, preset), *error_cases(SMALL, "skip", "skip joined to another neuron"))


CLAIM = Claim(
    key="plus-one-residual",
    title="residual networks, source of depth L+1",
    statement=r"c'_{l+1} \ge C c_l \ln\frac{1}{\min(\epsilon_{l+1}, \delta / M)}, \quad "
    r"\rho_{\mathrm{in}} = \rho_{\mathrm{out}} \text{ at every identity skip}",
    source="Burkholz, ICML 2022 (arXiv 2205.02343)",
    provenance=(("statement", "abstract"), ("its formula", "remembered"), ("the blocks", "derived")),
    explanation="Skips: an identity skip joins copies one to one and is exact; a projection is subset sums over the "
    "copies of the block's input. Batch norm folds into the convolution before it.",
    hypotheses=(
        EPS,
        DELTA,
        KINK,
        Hypothesis(
            "as many copies at the end of an identity skip as at its start",
            lambda copies_in, copies_out: copies_in == copies_out,
            "copy (j, k) is joined to copy (j, k)",
            "take the larger number at both ends",
        ),
    ),
    status="existential",
    required_width=lambda eps, delta, channels, problems, constant=None: dense_width(
        eps, delta, channels, problems, constant
    ),
    construction=calling("sltk.construct", "strong_ticket"),
    measure=_existence.measure,
    cases=cases,
)
