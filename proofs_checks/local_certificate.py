"""Two networks that answer alike on a ball (claim ``local-certificate``).

``y^_t - y^_j = (y_t - y_j) - (d_t - d_j) >= lead_j - (high_t - low_j)``.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import SIGNS, rationals


def _identity(sign: int = 1) -> bool:
    y_t, y_j, d_t, d_j = sp.symbols("y_t y_j d_t d_j", real=True)
    ticket = (y_t - d_t) - (y_j - d_j)
    return sp.expand(ticket - ((y_t - y_j) - sign * (d_t - d_j))) == 0


def _decides(needed: str = "both") -> bool:
    """Leads and differences at all corners of their intervals, 400 draws, exactly."""
    draw = generator("local-certificate")
    for _ in range(400):
        lead, low_t, low_j, *width = rationals(draw, 5)
        high_t, high_j = low_t + abs(width[0]), low_j + abs(width[1])
        enough = {"both": max(Fraction(0), high_t - low_j), "target": Fraction(0), "difference": high_t - low_j,
                  "middle": max(Fraction(0), (high_t + low_t - low_j - high_j) / 2)}[needed]  # fmt: skip
        if lead <= enough:
            continue
        for s in SIGNS:
            for r in SIGNS:
                d_t, d_j = (high_t if s > 0 else low_t), (high_j if r > 0 else low_j)
                require(lead > 0 and lead - (d_t - d_j) > 0, f"lead {lead}, d_t {d_t}, d_j {d_j}")
    return True


CHECK = ProofCheck(
    key="local-certificate",
    steps=(
        ProofStep("the ticket's lead", _identity, {"sign of the difference": {"sign": -1}}),
        ProofStep(
            "the rule decides, at all corners of 400 intervals, exactly", _decides,
            {"the target's lead alone": {"needed": "target"}, "the difference alone": {"needed": "difference"},
             "middles for ends": {"needed": "middle"}},
        ),
    ),
    covers="The rule by which answers are proved the same, given bounds of leads and differences.",
    trusts=("the bounds themselves: interval arithmetic and linear relaxation, held against exact rationals by tests",),
)  # fmt: skip
