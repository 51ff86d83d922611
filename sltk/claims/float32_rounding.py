r"""What a sum of products loses when it is computed (claim ``float32-rounding``).

Lemma. In a format of unit roundoff u a sum of k products, added in any order, with or without fused multiply-add, is
off by at most ``gamma_k sum |w_i x_i|``, ``gamma_k = k u / (1 - k u)``, where nothing underflows or overflows. With
k = 1000 ties that all go one way it is off by 99.9% of that.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Never

TERMS = 400
UNIT = 2.0**-24  # of float32; FLOAT32 of sltk.core.numerics.formats has torch's name of it as well


def rounding_error(terms: int, size: float, unit: float = UNIT) -> float:
    """``gamma_k sum |w_i x_i|``.

    Args:
        terms: k; size: ``sum |w_i x_i|``.
        unit: u of the format.
    """
    return terms * unit / (1.0 - terms * unit) * size


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Sums in float32, one term after another: random ones, and ties that all go down."""
    unit = UNIT * (0.5 if cell["unit"] == "half" else 1.0)
    measured, allowed = np.empty(trials), np.empty(trials)
    for trial in range(trials):
        weight, x = _terms(generator, ties=cell["unit"] == "half" or trial % 2 == 0)
        total = np.float32(0.0)
        for product in (weight * x).astype(np.float32):
            total = np.float32(total + product)
        exact = weight.astype(np.float64) * x.astype(np.float64)
        measured[trial] = abs(float(total) - float(exact.sum()))
        allowed[trial] = rounding_error(len(x), float(np.abs(exact).sum()), unit)
    return violations(measured, allowed)


def _terms(generator: np.random.Generator, ties: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if ties:  # a power of two, and then halves of its last place: each addition goes back to it
        scale = 2.0 ** generator.integers(-20, 20)
        values = np.concatenate([[scale], np.full(TERMS - 1, scale * UNIT)])
        return values.astype(np.float32), np.ones(TERMS, dtype=np.float32)
    drawn = generator.normal(size=(2, TERMS)).astype(np.float32)
    return drawn[0], drawn[1]


def cases(preset: Preset) -> tuple[Case, ...]:
    """The lemma, and as a control half of the unit, which ties refute."""
    share = 0.05 if preset == "quick" else 0.01
    said = "error <= gamma_k sum |w x|"
    return (
        Case("float32", {"unit": "whole"}, Never(share=share), said),
        Case("half the unit", {"unit": "half"}, Never(share=share), said, control=True),
    )


CLAIM = Claim(
    key="float32-rounding",
    title="what a sum of products loses when it is computed",
    statement=r"|\mathrm{fl}(\textstyle\sum_i w_i x_i) - \sum_i w_i x_i| \le \gamma_k \sum_i |w_i x_i|, \quad "
    r"\gamma_k = \frac{k u}{1 - k u}",
    source="Higham, Accuracy and Stability of Numerical Algorithms, section 3.1",
    provenance=(("statement", "remembered"), ("its proof", "derived")),
    explanation="A certificate speaks of real arithmetic, and a ticket is run in float32. This bounds what one stage "
    "loses there; with the units in the last place that activations state, and carried through the error recursion, it "
    "bounds the module as it is run (sltk.certify.as_run). Winograd and Fourier convolutions are not covered.",
    hypotheses=(
        Hypothesis(
            "fewer than 1/u terms",
            lambda terms, unit: 0 <= terms * unit < 1.0,
            "beyond that many the bound is empty",
            "use a wider format",
        ),
    ),
    bound=rounding_error,
    measure=measure,
    cases=cases,
)
