r"""Binary weights (claim ``binary-tickets``).

Theorem (as restated). Sources with weights of one size and random sign hold tickets for dense ReLU targets at width of
order ``d log2(d l / eps)^2`` and depth of order ``l log2(d l / eps)``.
"""

import math

from sltk.claims._hypotheses import EPS, RELU
from sltk.core.claim import Claim


def required_width(eps: float, fan_in: int, depth: int, constant: float | None = None) -> int:
    """``ceil(C d log2(d l / eps)^2)``."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * fan_in * math.log2(fan_in * depth / eps) ** 2)


CLAIM = Claim(
    key="binary-tickets",
    title="binary weights",
    statement=r"\text{width } O\left(d \log^2\frac{d l}{\epsilon}\right), \quad "
    r"\text{depth } O\left(l \log\frac{d l}{\epsilon}\right)",
    source="Diffenderfer, Kailkhura 2021; Sreenivasan et al. 2021",
    provenance=(("statement", "restated"),),
    explanation="With one bit a weight there is no subset sum in one layer: numbers are built in binary, level by "
    "level, which costs depth. No construction of the toolkit does that.",
    hypotheses=(EPS, RELU),
    status="existential",
    required_width=required_width,
    absent={
        "proof": "known only as restated in another paper; the orders of width and depth carry no constant",
        "study": "the toolkit has no construction with binary weights",
    },
)
