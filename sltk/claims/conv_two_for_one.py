r"""A convolutional ReLU target in a source of twice its depth (claim ``conv-two-for-one``).

Working form (remembered, not the paper's words): no biases, every ``k x k`` convolution becomes a random convolution
and a ``1 x 1`` one, with ``n_i >= C ln(c_{i-1} c_i k_i^2 l / min(eps, delta))`` channels for each input channel.
"""

import math

from sltk.claims import _tickets
from sltk.claims._hypotheses import DELTA, EPS, NO_BIAS, RELU
from sltk.claims._tickets import Setting, broken_case, success_cases
from sltk.core.claim import Case, Claim, Preset
from sltk.core.lazy import calling

CALIBRATED = 5.0  # samples a pool over ln(1 / min(eps, delta / M)) at eps = .1, delta = .2; measured on 40 seeds
SETTING = Setting("conv", "two-layer", biases=False)


def required_width(
    eps: float, delta: float, channels_in: int, channels_out: int, kernel: int, depth: int,
    constant: float | None = None,
) -> int:  # fmt: skip
    """``ceil(C ln(c_in c_out k^2 l / min(eps, delta)))`` channels for each input channel."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * math.log(channels_in * channels_out * kernel**2 * depth / min(eps, delta)))


def cases(preset: Preset) -> tuple[Case, ...]:
    """Tickets of a small convolution at the width of the calibrated constant, one with too small pools, one broken."""
    return (*success_cases(SETTING, CALIBRATED, preset), broken_case(SETTING, 20, "slope"))


CLAIM = Claim(
    key="conv-two-for-one",
    title="convolutions, source of depth 2L",
    statement=r"n_i \ge C \ln\frac{c_{i-1} c_i k_i^2 l}{\min(\epsilon, \delta)} \quad\text{channels per input channel}",
    source="da Cunha et al., ICLR 2022",
    provenance=(("statement", "remembered"), ("the construction that is measured", "derived")),
    explanation="The convolutional form of two-for-one: every tap is a scalar subset sum. The formula here is a "
    "working form and not the paper's statement. The construction measured is this toolkit's own, which takes inputs "
    "of either sign.",
    hypotheses=(EPS, DELTA, RELU, NO_BIAS),
    status="existential",
    required_width=required_width,
    construction=calling("sltk.construct", "strong_ticket"),
    measure=_tickets.measure,
    cases=cases,
)
