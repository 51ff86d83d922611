r"""The difference of two values of an activation between lines (claim ``differential-relaxation``).

Lemma. Let ``phi`` have slopes in ``[m, M]`` between any two of its arguments, and ``d = y - y^`` in ``[p, q]``. Then
``D = phi(y) - phi(y^)`` is ``kappa d`` with ``kappa`` in ``[m, M]``, so at most the chord of ``max(m d, M d)``.
Shared gates: with copies ``y^_a = y - d_a``, slopes in ``[m, M]`` where y lies, curvature in ``[Q-, Q+]`` over all
arguments and ``t = sum_a v_a d_a`` in ``[p, q]``, ``sum_a v_a D_a`` is at most the same chord at t and
``sum_a max(-v_a Q- d_a^2, -v_a Q+ d_a^2) / 2``: copies whose errors cancel in t cost nothing of first order.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.numerics.arrays import Values
from sltk.core.statistics.verdict import Never

COPIES = 6
ROUNDING = 1e-12


def chord(least: float, most: float, low: float, high: float, d: float) -> float:
    """The line above ``kappa d``, at d.

    Args:
        least, most: m and M; low, high: p and q; d: between them.
    """
    left, right = max(least * low, most * low), max(least * high, most * high)
    return left if low == high else left + (right - left) * ((d - low) / (high - low))


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Neurons of tanh with copies, at random points of random ranges, against the bound; all above its least value."""
    low = generator.normal(0.0, 1.5, trials)
    high = low + generator.exponential(1.0, trials)
    y = low + (high - low) * generator.random(trials)
    size = generator.exponential(0.3, trials)
    d = size[:, None] * generator.uniform(-1.0, 1.0, (trials, COPIES))
    if cell["gate"] == "apart":
        hull = low - size, high + size
        error = np.tanh(y) - np.tanh(y - d[:, 0])
        bound = _chords(cell, *_slopes(*hull), -size, size, d[:, 0])
        return violations(error + size, bound + size + ROUNDING)  # size: so that both are positive
    v = generator.normal(0.0, 1.0, (trials, COPIES))
    mass = (np.abs(v) * size[:, None]).sum(1)
    error = (v * (np.tanh(y)[:, None] - np.tanh(y[:, None] - d))).sum(1)
    t = (v * d).sum(1)
    # A range that t is close to, as it is where copies cancel.
    bound = _chords(cell, *_slopes(low, high), t - 1e-3 * mass, t + 1e-3 * mass, t)
    return violations(error + mass, bound + mass + _second_order(cell, v, d) + ROUNDING)


def _chords(cell: Mapping[str, Any], least: Values, most: Values, low: Values, high: Values, d: Values) -> Values:
    if cell["line"] == "tangent":
        return 0.5 * (least + most) * d
    found = [chord(*one) for one in zip(*(a.tolist() for a in (least, most, low, high, d)), strict=True)]
    return np.array(found)


def _slopes(low: Values, high: Values) -> tuple[Values, Values]:
    """Of tanh on ``[low, high]``: least at the end further from 0, largest at the point closest to 0."""
    ends = np.stack([1.0 - np.tanh(low) ** 2, 1.0 - np.tanh(high) ** 2])
    return ends.min(0), np.where((low <= 0.0) & (high >= 0.0), 1.0, ends.max(0))


def _second_order(cell: Mapping[str, Any], v: Values, d: Values) -> Values:
    if cell["line"] == "no second order":
        return np.zeros(len(v))
    most = 4.0 / (3.0 * np.sqrt(3.0))  # the largest |phi''| of tanh
    return (np.abs(v) * most * d**2 / 2.0).sum(1)


def cases(preset: Preset) -> tuple[Case, ...]:
    """Both bounds, and as controls a tangent for the chord and shared gates without their second order."""
    share = 0.05 if preset == "quick" else 0.002
    said = "difference <= chord"
    return (
        Case("copies apart", {"gate": "apart", "line": "chord"}, Never(share=share), said),
        Case("one gate", {"gate": "shared", "line": "chord"}, Never(share=share), said),
        Case("tangent for the chord", {"gate": "apart", "line": "tangent"}, Never(share=share), said, control=True),
        Case("no second order", {"gate": "shared", "line": "no second order"}, Never(share=share), said, control=True),
    )


CLAIM = Claim(
    key="differential-relaxation",
    title="the difference of two networks between lines",
    statement=r"\sum_a v_a (\phi(y) - \phi(y - d_a)) \le \max_{s \in [m, M]} s t + \sum_a \max(-v_a Q^- d_a^2, "
    r"-v_a Q^+ d_a^2) / 2,\quad t = \sum_a v_a d_a",
    source="Derived for this project; differences of quantised or pruned twins: ReluDiff (arXiv 2001.03662)",
    provenance=(("statement", "derived"), ("ReluDiff", "remembered")),
    explanation="Why a certificate that carries the difference of target and ticket back to the input they share is "
    "close to what an attack finds: nothing is lost where slopes do not vary, and copies of a neuron, which one gate "
    "multiplies, cancel as they do on data.",
    hypotheses=(
        Hypothesis(
            "slopes and ranges in order",
            lambda least, most, low, high, d: least <= most and low <= d <= high,
            "a chord lies above between its ends alone",
            "order the ends, and ask between them",
        ),
    ),
    bound=chord,
    measure=measure,
    cases=cases,
)
