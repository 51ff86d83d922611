r"""A dense target in a source with one layer more (claim ``plus-one-dense``).

Theorem (as restated). Depth L+1, most activations: ``n_{l+1} >= C n_l ln(1 / min(eps_{l+1}, delta / M))`` neurons
suffice with probability at least ``1 - delta``, where M counts the subset-sum problems.
"""

import math

from sltk.claims import _tickets
from sltk.claims._hypotheses import DELTA, EPS, KINK
from sltk.claims._tickets import Setting, broken_case, success_cases
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.lazy import calling

CALIBRATED = 3.6  # samples a pool over ln(1 / min(eps, delta / M)) at eps = .1, delta = .2; measured on 40 seeds


def required_width(eps: float, delta: float, neurons: int, problems: float, constant: float | None = None) -> int:
    """``ceil(C n_l ln(1 / min(eps, delta / M)))`` for a target layer of ``neurons``, ``problems`` = M in all."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * neurons * math.log(1.0 / min(eps, delta / problems)))


def problems(size: float, eps: float, delta: float, constant: float | None = None, gamma: float = 0.0) -> float:
    """``M = C N^{1+g} ln(1 / min(eps, delta))^{1+g}`` for a target of ``size`` N, as remembered."""
    assert constant is not None  # the claim refuses the call before it comes here
    return constant * (size * math.log(1.0 / min(eps, delta))) ** (1.0 + gamma)


def cases(preset: Preset) -> tuple[Case, ...]:
    """ReLU and tanh (standard: sigmoid too) at the calibrated width; controls: pools of 8, and a slope overwritten."""
    names = ("relu", "tanh") if preset == "quick" else ("relu", "tanh", "sigmoid")
    made = [case for act in names for case in success_cases(Setting("dense", "plus-one", act), CALIBRATED, preset)]
    return (*made, broken_case(Setting("dense", "plus-one", "tanh"), 24, "slope"))


CLAIM = Claim(
    key="plus-one-dense",
    title="dense, source of depth L+1, most activations",
    statement=r"n_{l+1} \ge C n_l \ln\frac{1}{\min(\epsilon_{l+1}, \delta / M)} \Rightarrow "
    r"\Pr[\exists \mathrm{mask}: \sup_D \|f_T - f_P\|_\infty \le \epsilon] \ge 1 - \delta",
    source="Burkholz, NeurIPS 2022 (arXiv 2205.02321)",
    provenance=(("statement", "restated"), ("the count M of problems", "remembered"), ("the blocks", "derived")),
    explanation="One random layer more than the target: the copies of a neuron all approximate the same value, so "
    "subsets of a neuron's own weights to them make up each target weight. The width enters its own logarithm through "
    "the number of copies. C is existential; what is measured uses a calibrated 3.6 for the samples of a pool.",
    hypotheses=(
        EPS,
        DELTA,
        KINK,
        Hypothesis(
            "problems >= 1",
            lambda problems: problems >= 1,
            "the union bound runs over them",
            "count the subset-sum problems, copies included: StrongTicket.problems",
        ),
    ),
    status="existential",
    bound=problems,
    required_width=required_width,
    construction=calling("sltk.construct", "strong_ticket"),
    measure=_tickets.measure,
    cases=cases,
)
