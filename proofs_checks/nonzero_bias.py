"""Biases in looks-linear sources (claim ``nonzero-bias``).

For ``mu(x) = m_+ x + d`` right and ``m_- x + d`` left, ``mu(w x) - mu(-w x) = (m_+ + m_-) w x`` for all real x:
cancelling pairs are linear and free of the intercept. A bias is a weight on a constant input.
"""

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep

_rise, _fall, _d, _b = sp.symbols("m_+ m_- d b", real=True)


def _pair(sign: int = -1) -> bool:
    t = sp.Symbol("t", positive=True)
    right, left = _rise * t + _d, -_fall * t + _d
    total = _rise + _fall
    return sp.expand(right + sign * left - total * t) == 0 and sp.expand(left + sign * right + total * t) == 0


def _odd_part(order: int = 3) -> bool:
    """The remainder of a pair: even orders cancel, odd ones double."""
    x, bend = sp.symbols("x K", real=True)
    return sp.expand(bend * x**order - bend * (-x) ** order - 2 * bend * x**order) == 0


def _constant_input(constant: sp.Expr = sp.S.One) -> bool:
    weight, x = sp.symbols("W x", real=True)
    extended = sp.Matrix([[weight, _b]]) * sp.Matrix([x, constant])
    return sp.expand(extended[0] - (weight * x + _b)) == 0


CHECK = ProofCheck(
    key="nonzero-bias",
    steps=(
        ProofStep("cancelling pairs are linear", _pair, {"sum for difference": {"sign": 1}}),
        ProofStep("odd remainders double, even ones cancel", _odd_part, {"order 2 doubles": {"order": 2}}),
        ProofStep("a bias is a weight on 1", _constant_input, {"on tanh(1)": {"constant": sp.tanh(1)}}),
    ),
    covers="The two devices of the construction, for every admissible activation.",
    trusts=("the published widths (abstract alone has been read)",),
)
