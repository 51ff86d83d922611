r"""The dense theorem with every constant (claim ``dense-explicit``).

Theorem. ReLU, no biases, ``eps <= 1``, spectral norms at most 1, unit ball, depth l, all ``|w| <= 1/(2e) = .184``,
source weights U[-1,1]. With ``e_w = eps / (2 l sqrt(d_i d_{i-1}))``, ``delta' = delta / (2 sum d_i d_{i-1})`` and the
closed form of ``subset-sum-covering`` for the product law gated by the sign of one factor (``L = 1/e``,
``c = 1/(4e)``), that many neurons for each input of layer i suffice: error at most ``e^{1/2} eps / 2 < eps`` with
probability at least ``1 - delta``.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DELTA, NO_BIAS, RELU
from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.numerics.arrays import Values
from sltk.core.statistics.verdict import Never, Proportion
from sltk.subset_sum import solve
from sltk.subset_sum.bounds import closed_form_size, counting_floor
from sltk.subset_sum.laws import Masked, Product, Uniform

GATED = Masked(Product(Uniform(), Uniform()), 0.5)
LARGEST = 0.5 / math.e
WIDTHS, EPS, FAILURE = (4, 3, 2), 0.5, 0.2
SAMPLES = 36  # of each sign that the solver is shown: part of the pool, so a success is a success of the whole


def tolerances(eps: float, widths: Sequence[int]) -> tuple[float, ...]:
    """``e_w`` of every layer."""
    depth = len(widths) - 1
    return tuple(eps / (2.0 * depth * math.sqrt(d * e)) for d, e in itertools.pairwise(widths))


def required_width(eps: float, delta: float, widths: Sequence[int]) -> tuple[int, ...]:
    """Neurons for each input of every layer of a target with layers of ``widths`` (input first)."""
    each = delta / (2.0 * sum(d * e for d, e in itertools.pairwise(widths)))
    return tuple(closed_form_size(e_w, each, GATED) for e_w in tolerances(eps, widths))


def floor(eps: float, widths: Sequence[int]) -> int:
    """Counting floor of the widest demand: a pool that covers ``[-L/2, L/2]`` to the smallest e_w."""
    return counting_floor(min(tolerances(eps, widths)), 2.0 * LARGEST)


def error_bound(eps: float) -> float:
    """``e^{1/2} eps / 2``."""
    return 0.5 * math.exp(0.5) * eps


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Random targets sought in sources of the cell's widths: all weights reached, and the error on the unit ball."""
    succeeded, errors = 0, []
    for _ in range(trials):
        x = generator.normal(size=(64, WIDTHS[0]))
        target = ticket = x / np.linalg.norm(x, axis=1, keepdims=True)
        reached = True
        for number, (inputs, outputs) in enumerate(itertools.pairwise(WIDTHS)):
            weight = generator.uniform(-LARGEST, LARGEST, (outputs, inputs))
            positive, negative, found = _layer(weight, cell["n"][number], tolerances(EPS, WIDTHS)[number], generator)
            reached &= found
            target = target @ weight.T
            ticket = np.maximum(ticket, 0) @ positive.T - np.maximum(-ticket, 0) @ negative.T
            if number < len(WIDTHS) - 2:
                target, ticket = np.maximum(target, 0), np.maximum(ticket, 0)
        succeeded += reached
        # The bound speaks of tickets whose pools were all reached; the others count in the successes.
        errors.append(np.linalg.norm(ticket - target, axis=1).max() if reached else 0.0)
    return {"successes": succeeded, **violations(np.array(errors), np.full(trials, error_bound(EPS)))}


def cases(preset: Preset) -> tuple[Case, ...]:
    """A 4-3-2 target at eps .5, delta .2; the control has pools of 8."""
    n = list(required_width(EPS, FAILURE, WIDTHS))
    plan = Proportion(1.0 - FAILURE, 1.0, alternative=0.45 if preset == "quick" else 0.6)
    said, fixed = f"P(reached) >= {1 - FAILURE:g}", Never(fixed=plan.trials, share=0.2)
    return (
        Case(f"success at n {n}", {"n": n}, plan, said),
        Case(f"error at n {n}", {"n": n}, fixed, f"error <= {error_bound(EPS):.4g}"),
        Case("success at n 8", {"n": [8, 8]}, plan, said, control=True),
    )


def _layer(weight: Values, n: int, eps: float, generator: np.random.Generator) -> tuple[Values, Values, bool]:
    """What the subsets realise of ``weight`` for positive and for negative inputs, and whether all are within eps."""
    incoming = generator.uniform(-1.0, 1.0, (weight.shape[1], n))
    outgoing = generator.uniform(-1.0, 1.0, (*weight.shape, n))
    sides = []
    for sign in (1.0, -1.0):
        # v relu(w x) with w of the input's sign contributes v w x; of the other sign, nothing.
        samples = outgoing * np.where(sign * incoming > 0, incoming, 0.0)
        order = np.argsort(samples == 0.0, axis=-1, kind="stable")
        pools = np.take_along_axis(samples, order, axis=-1)[..., :SAMPLES]
        sides.append(solve(pools, weight, eps=eps, objective="cardinality"))
    return sides[0].value, sides[1].value, bool(sides[0].reached.all() and sides[1].reached.all())


CLAIM = Claim(
    key="dense-explicit",
    title="dense ReLU, source of depth 2l, every constant",
    statement=r"n_i = \left\lceil \frac{\ln(2 L^2 / (e_w^2 \delta'))}{-\ln(1 - c/2)} \right\rceil, \quad "
    r"e_w = \frac{\epsilon}{2 l \sqrt{d_i d_{i-1}}},\ \delta' = \frac{\delta}{2 \sum_i d_i d_{i-1}},\ "
    r"L = \tfrac1e,\ c = \tfrac{1}{4e}",
    source="Derived for this project, after Pensia et al. 2020 (arXiv 2006.07990)",
    provenance=(("statement", "derived"),),
    explanation="What no paper prints: the width as a number. 784-500-10 at eps = .1, delta = .01: 789 neurons per "
    "input in layer 1 and 697 in layer 2, against a counting floor of 13. The gap is the price of the closed form "
    "and of a law with half of its mass gated.",
    hypotheses=(
        Hypothesis(
            "a tolerance 0 < eps <= 1",
            lambda eps: 0.0 < eps <= 1.0,
            "the error of the layers compounds to e^{1/2} eps / 2 only then",
            "rescale the target",
        ),
        DELTA,
        RELU,
        NO_BIAS,
        Hypothesis(
            "weights of size at most 1/(2e) = .184",
            lambda largest_weight: largest_weight <= LARGEST,
            "targets outside the window of the closed form are not covered",
            "use several disjoint groups for each weight, or a wider source law",
        ),
        Hypothesis(
            "spectral norms at most 1",
            lambda largest_norm: largest_norm <= 1.0,
            "errors would grow from layer to layer",
            "rescale the layers (scaling-identity) and read the output by the scalar that remains",
        ),
    ),
    bound=error_bound,
    required_width=required_width,
    lower_bound=floor,
    measure=measure,
    cases=cases,
)
