"""One layer more, in dense networks (claim ``plus-one-dense``).

rho copies of each neuron enter the number of problems that share delta, so ``rho >= A ln(B rho)`` is asked of rho
itself: ``rho = 2A ln(2AB)`` solves it for ``2AB > 1``. Constants that are carried through a layer are the activation
of what they were: a tanh network's 1 becomes .7616.
"""

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball, prove_positive


def _fixed_point(factor: int = 2) -> bool:
    """``A ln(B rho) <= rho`` at ``rho = 2A ln(2AB)``.

    With ``u = 2AB`` it says ``ln(u ln u) <= 2 ln u``, that is ``ln u <= u``.
    """
    for a, b in ((1, 2), (5, 10), (35, 1000), (50, 10**9)):
        rho = factor * a * (2 * ball(a) * b).log()
        require(bool(a * (b * rho).log() <= rho), f"A = {a}, B = {b}")
    return True


def _logarithm(slope: str = "1") -> bool:
    """``u slope - ln u > 0``; at u = 1 + h the minimum of ``u - ln u`` is 1."""
    prove_positive(lambda u: u * ball(slope) - u.log(), "1/1000", 1000, "u - ln u")
    return True


def _two_factors(sums: int = 2) -> bool:
    """A kinked layer 1 solves both signs, ``2 rho_1`` problems a weight, and other layers ``rho_l``.

    2-3-1 with copies 5, 7, 1.
    """
    widths, copies = (2, 3, 1), (5, 7, 1)
    counted = sum(
        sums if layer == 0 else 1
        for layer in range(2)
        for _ in range(widths[layer] * widths[layer + 1] * copies[layer + 1])
    )
    return counted == 2 * 2 * 3 * 7 + 3 * 1 * 1


def _carried(value: str = "0.7616") -> bool:
    e2 = ball(2).exp()
    return bool(abs((e2 - 1) / (e2 + 1) - ball(value)) < ball("0.00005"))


def _no_linear_intermediary(copies_differ: bool = False) -> bool:
    """Copies of one activation: ``sum_a v_a phi(y) = (sum_a v_a) phi(y)`` for any phi.

    Not so where the copies differ.
    """
    v, u, y, z = sp.symbols("v u y z", real=True)
    phi = sp.Function("phi")
    total = v * phi(y) + u * phi(z if copies_differ else y)
    return sp.expand(total - (v + u) * phi(y)) == 0


CHECK = ProofCheck(
    key="plus-one-dense",
    steps=(
        ProofStep("rho = 2A ln(2AB) solves rho >= A ln(B rho)", _fixed_point, {"A ln(2AB)": {"factor": 1}}),
        ProofStep("ln u < u", _logarithm, {"ln u < u/3": {"slope": "1/3"}}),
        ProofStep("problems of a kinked network", _two_factors, {"one sum a weight": {"sums": 1}}),
        ProofStep("carried constants: tanh 1 = .7616", _carried, {"1": {"value": "1"}}),
        ProofStep("no linear intermediary is needed", _no_linear_intermediary,
             {"copies that differ": {"copies_differ": True}}),
    ),
    covers="The fixed point of the copies, the count of problems, and constants; errors are error-own-copies.",
    trusts=("the published width and its count M = C N^(1+g) ln^(1+g), as restated in another paper",),
)  # fmt: skip
