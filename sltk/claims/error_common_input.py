r"""Error of a layer whose effective parameters are off on one common input (claim ``error-common-input``).

Lemma (a). Parameters off by at most ``eps_l`` on a support of size ``s_j``, input off by at most e, activation
T-Lipschitz: ``e' <= T max_j [eps_l (1{bias} + B_j) + R_j + (||W_j||_1 + s_j eps_l) e]``, ``B_j = sup sum_supp |x_i|``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Never

INPUTS, OUTPUTS, POINTS = 6, 4, 16
ROUNDING = 1e-12


def layer_error(
    mass: float, support: int, reach: float, param_eps: float, entering: float, *, bias: bool = True,
    lipschitz: float = 1.0, remainder: float = 0.0,
) -> float:  # fmt: skip
    """The bound for one output.

    Args:
        mass: ``||W_j||_1``; support: ``s_j``; reach: ``B_j``; param_eps: ``eps_l``; entering: error of the input.
        bias: whether a constant is realised too (``b_j != 0`` or ``d != 0``).
        lipschitz: T.
        remainder: ``R_j`` of curved univariate neurons.
    """
    return lipschitz * (param_eps * (bias + reach) + remainder + (mass + support * param_eps) * entering)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Worst output error of random layers, perturbed with signs that work together, at random inputs of [-1, 1]."""
    measured, allowed = np.empty(trials), np.empty(trials)
    for trial in range(trials):
        eps, entering = generator.uniform(0.001, 0.2), generator.uniform(0.01, 0.5)
        weight = generator.uniform(-1.0, 1.0, (OUTPUTS, INPUTS)) * (generator.random((OUTPUTS, INPUTS)) < 0.7)
        support = weight != 0.0
        x = generator.choice([-1.0, 1.0], (POINTS, INPUTS)) * generator.uniform(0.8, 1.0, (POINTS, INPUTS))
        sign, own = np.sign(weight[0]) + (weight[0] == 0), generator.choice([-1.0, 1.0], weight.shape)
        x[0] = sign  # the first output and point get the worst signs everywhere, the others random ones
        delta, shift = eps * np.where(np.arange(OUTPUTS)[:, None] == 0, sign, own) * support, entering * np.sign(x)
        off = x @ weight.T - ((x + shift) @ (weight + delta).T + eps)
        measured[trial] = np.abs(off).max()
        crossed = 0 if cell["cross"] == "dropped" else 1
        allowed[trial] = max(
            layer_error(np.abs(w).sum(), crossed * int(s.sum()), float(s.sum()), eps, entering)
            for w, s in zip(weight, support, strict=True)
        )
    return violations(measured, allowed + ROUNDING)


def cases(preset: Preset) -> tuple[Case, ...]:
    """The bound, which these layers reach, and as a control the bound without ``s_j eps_l e``."""
    share = 0.05 if preset == "quick" else 0.01
    said = "error <= bound (a)"
    return (
        Case("worst signs", {"cross": "kept"}, Never(share=share), said),
        Case("without the cross term", {"cross": "dropped"}, Never(share=share), said, control=True),
    )


CLAIM = Claim(
    key="error-common-input",
    title="error of a layer on one common input",
    statement=r"e_l \le T \max_j \left[ \epsilon_l (1[b_j \ne 0 \vee d \ne 0] + B_j) + R_j + "
    r"(\|W_j\|_1 + s_j \epsilon_l) e_{l-1} \right]",
    source="Derived for this project, elementary",
    provenance=(("statement", "derived"),),
    explanation="Rules every layer of a two-layer (2L) ticket and the first of a plus-one ticket: effective parameters "
    "are off by eps_l, but all of them see the same input. What amplifies an incoming error is ||W|| plus what the "
    "perturbation adds to it.",
    hypotheses=(
        Hypothesis(
            "errors and tolerances that are >= 0",
            lambda param_eps, entering: param_eps >= 0.0 and entering >= 0.0,
            "they bound absolute values",
            "pass absolute values",
        ),
        Hypothesis(
            "a finite Lipschitz constant",
            lambda lipschitz: 0.0 <= lipschitz < float("inf"),
            "otherwise a small input error may become any output error",
            "use an activation of sltk.networks.activations.table",
        ),
    ),
    bound=layer_error,
    measure=measure,
    cases=cases,
)
