r"""A convolutional target in a source with one layer more (claim ``plus-one-conv``).

Working form (the formula is remembered, the blocks are derived): as ``plus-one-dense`` with channels in place of
neurons and every tap a subset-sum problem; the first layer is ``1 x 1`` and carries the target's padding.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims import _existence, _tickets
from sltk.claims._existence import Small, error_cases
from sltk.claims._hypotheses import DELTA, EPS, KINK
from sltk.claims._tickets import Setting, broken_case, success_cases
from sltk.claims.plus_one_dense import required_width as dense_width
from sltk.core.claim import Case, Claim, Preset
from sltk.core.lazy import calling

CALIBRATED = 3.8  # samples a pool over ln(1 / min(eps, delta / M)) at eps = .1, delta = .2; measured on 40 seeds
SETTING = Setting("conv", "plus-one")
SMALL, PADDED = Small("conv", width=1), Small("conv", width=1, biases=True)


def required_width(eps: float, delta: float, channels: int, problems: float, constant: float | None = None) -> int:
    """``ceil(C c_l ln(1 / min(eps, delta / M)))`` channels for a target layer of ``channels``."""
    return dense_width(eps, delta, channels, problems, constant)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Success and error of tickets, of either family of small convolutions."""
    return (_existence if "family" in cell else _tickets).measure(cell, trials, generator)


def cases(preset: Preset) -> tuple[Case, ...]:
    """Tickets at the calibrated width, and at three widths against the product formula.

    Controls: pools of 8, the bias overwritten or served by the border, a formula without copies.
    """
    return (
        *success_cases(SETTING, CALIBRATED, preset),
        broken_case(SETTING, 26, "bias"),
        *_existence.cases(SMALL, preset),
        *error_cases(PADDED, "border", "bias from a tap in the padding"),
    )


CLAIM = Claim(
    key="plus-one-conv",
    title="convolutions, source of depth L+1, most activations",
    statement=r"c'_{l+1} \ge C c_l \ln\frac{1}{\min(\epsilon_{l+1}, \delta / M)}",
    source="Burkholz, ICML 2022 (arXiv 2205.02343)",
    provenance=(("statement", "abstract"), ("its formula", "remembered"), ("the blocks", "derived")),
    explanation="Convolutional tickets with one random layer more. The abstract says that they exist for most "
    "activations; the formula shown is this toolkit's working form, and the blocks are its own, padding and biases "
    "included. C is existential; what is measured uses a calibrated 3.8 for the samples of a pool.",
    hypotheses=(EPS, DELTA, KINK),
    status="existential",
    required_width=required_width,
    construction=calling("sltk.construct", "strong_ticket"),
    measure=measure,
    cases=cases,
)
