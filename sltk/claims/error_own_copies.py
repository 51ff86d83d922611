r"""Error of a layer whose copies pick their own weights to erring copies (claim ``error-own-copies``).

Lemma (b). Under L+1, from layer 2 on, the copies of an input carry different errors, so what amplifies them is the
selected mass ``||V_jk||_1 = sum |v|`` and not ``||W_j||_1``:
``e' <= T max_jk [eps_l (1 + B_j) + ||V_jk||_1 e]``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Never
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform

INPUTS, COPIES = 3, 12
ROUNDING = 1e-12


def layer_error(
    selected: float, reach: float, param_eps: float, entering: float, *, bias: bool = True, lipschitz: float = 1.0
) -> float:
    """The bound for one copy of one output.

    Args:
        selected: ``||V_jk||_1``, the selected mass; reach: ``B_j``; param_eps: ``eps_l``; entering: largest error.
        bias: whether a bias is realised too.
        lipschitz: T.
    """
    return lipschitz * (param_eps * (bias + reach) + selected * entering)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Errors of random neurons, their weights by exact subset sums over copies whose errors have the worst signs."""
    pools = Uniform().sample(generator, (trials, INPUTS, COPIES))
    weight = generator.uniform(-1.0, 1.0, (trials, INPUTS))
    solved = solve(pools, weight)
    entering = generator.uniform(0.01, 0.5, trials)
    x = generator.uniform(-1.0, 1.0, (trials, INPUTS))
    chosen = pools * solved.mask
    copies = x[:, :, None] + entering[:, None, None] * np.sign(chosen)
    error = np.abs((chosen * copies).sum(axis=(1, 2)) - (weight * x).sum(axis=1))
    mass = np.abs(chosen).sum(axis=(1, 2)) if cell["mass"] == "selected" else np.abs(weight).sum(axis=1)
    eps = solved.error.max(axis=1)
    allowed = [
        layer_error(m, float(INPUTS), e, o, bias=False)
        for m, e, o in zip(mass.tolist(), eps.tolist(), entering.tolist(), strict=True)
    ]
    return violations(error, np.array(allowed) + ROUNDING)


def cases(preset: Preset) -> tuple[Case, ...]:
    """The bound, and as a control the same with ``||W||`` in the place of ``||V||``."""
    share = 0.05 if preset == "quick" else 0.001
    said = "error <= bound (b)"
    return (
        Case("selected mass", {"mass": "selected"}, Never(share=share), said),
        Case("mass of the target", {"mass": "target"}, Never(share=share), said, control=True),
    )


CLAIM = Claim(
    key="error-own-copies",
    title="error of a layer whose copies pick their own weights",
    statement=r"e_l \le T \max_{j,k} \left[ \epsilon_l (1 + B_j) + \|V_{jk}\|_1 e_{l-1} \right]",
    source="Derived for this project, elementary",
    provenance=(("statement", "derived"),),
    explanation="Why the L+1 construction cares for the mass of its subsets: each copy errs in its own way, and a "
    "subset of large cancelling weights adds these errors up. With ||W|| the bound is false, which the negative "
    "control shows. The certificate uses the refined form, one error a copy.",
    hypotheses=(
        Hypothesis(
            "errors, masses and tolerances that are >= 0",
            lambda selected, param_eps, entering: min(selected, param_eps, entering) >= 0.0,
            "they bound absolute values",
            "pass absolute values",
        ),
    ),
    bound=layer_error,
    measure=measure,
    cases=cases,
)
