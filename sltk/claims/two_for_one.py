r"""A dense ReLU target in a source of twice its depth (claim ``two-for-one``).

Theorem (as restated). ReLU, no biases, depth L, spectral norms at most 1, inputs of norm at most alpha: source layers
of width ``n_l >= C d_l ln(4 L d_l d_{l+1} / eps)`` hold a ticket with probability at least ``1 - eps``, and its error
is at most ``exp(alpha eps / 2) - 1``.
"""

import math

from sltk.claims import _tickets
from sltk.claims._hypotheses import EPS, NO_BIAS, RELU
from sltk.claims._tickets import Setting, broken_case, success_cases
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.lazy import calling

CALIBRATED = 5.0  # samples a pool over ln(1 / min(eps, delta / M)) at eps = .1, delta = .2; measured on 40 seeds
SETTING = Setting("dense", "two-layer", biases=False)


def required_width(eps: float, fan_in: int, fan_out: int, depth: int, constant: float | None = None) -> int:
    """``ceil(C d_l ln(4 L d_l d_{l+1} / eps))`` neurons between layers of ``fan_in`` and ``fan_out``."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * fan_in * math.log(4.0 * depth * fan_in * fan_out / eps))


def error_bound(eps: float, alpha: float = 1.0) -> float:
    """``exp(alpha eps / 2) - 1``."""
    return math.expm1(0.5 * alpha * eps)


def cases(preset: Preset) -> tuple[Case, ...]:
    """Tickets of a small target at the width of the calibrated constant, one with too small pools, one broken."""
    made = success_cases(SETTING, CALIBRATED, preset)
    return (*made, broken_case(SETTING, 20, "slope"))


CLAIM = Claim(
    key="two-for-one",
    title="dense ReLU, source of depth 2L",
    statement=r"n_l \ge C d_l \ln\frac{4 L d_l d_{l+1}}{\epsilon} \Rightarrow "
    r"\Pr[\exists \mathrm{mask}: \sup_{\|x\| \le \alpha} \|f_T - f_P\| \le e^{\alpha \epsilon / 2} - 1] "
    r"\ge 1 - \epsilon",
    source="Pensia et al. 2020 (arXiv 2006.07990)",
    provenance=(("statement", "restated"),),
    explanation="Each weight becomes a subset sum over products of two random weights; twice the depth, and a "
    "logarithmic factor in the width. C is existential; what is measured uses a calibrated 5.0 for the samples of a "
    "pool. dense-explicit is the same theorem with every constant.",
    hypotheses=(
        EPS,
        RELU,
        NO_BIAS,
        Hypothesis(
            "inputs of norm at most alpha > 0",
            lambda alpha: alpha > 0.0,
            "the error grows with the input",
            "bound the inputs, or rescale them",
        ),
    ),
    status="existential",
    bound=error_bound,
    required_width=required_width,
    construction=calling("sltk.construct", "strong_ticket"),
    measure=_tickets.measure,
    cases=cases,
)
