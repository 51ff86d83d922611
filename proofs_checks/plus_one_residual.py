"""One layer more, with skips (claim ``plus-one-residual``).

An identity skip joins copy to copy and adds its copy error, no more. In eval mode a batch norm after a convolution is
the convolution ``W' = W g/sqrt(var + e)``, ``b' = beta + g (b - mean)/sqrt(var + e)``. Average pooling commutes with
copies, max pooling moves by at most the largest error of its window.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import largest, rationals


def _fold(shifted: bool = True) -> bool:
    weight, x, b, gain, beta, mean = sp.symbols("W x b gamma beta mu", real=True)
    var, eps = sp.symbols("var eps", positive=True)
    scale = gain / sp.sqrt(var + eps)
    norm = gain * (weight * x + b - mean) / sp.sqrt(var + eps) + beta
    folded = weight * scale * x + beta + scale * (b - mean if shifted else b)
    return sp.simplify(norm - folded) == 0


def _norm_before_padding(padded: bool = True) -> bool:
    """Norm, then a zero-padded convolution.

    Folded into that convolution it is right inside, and wrong at the border.
    """
    gain, shift, kernel, x = (
        Fraction(2),
        Fraction(1, 3),
        [Fraction(1), Fraction(4), Fraction(-2)],
        [Fraction(1), Fraction(5)],
    )
    true = [Fraction(0), *[gain * t + shift for t in x], Fraction(0)]
    seen = [Fraction(0), *x, Fraction(0)]
    differs = []
    for i in range(2):
        exact = sum((k * t for k, t in zip(kernel, true[i : i + 3], strict=True)), Fraction(0))
        folded = sum((gain * k * t for k, t in zip(kernel, seen[i : i + 3], strict=True)), Fraction(0)) + shift * sum(
            kernel
        )
        missing = shift * (kernel[0] if i == 0 else kernel[2])
        differs.append(exact - folded + (missing if padded else 0))
    return differs == [0, 0]


def _skip(share: Fraction = Fraction(1)) -> bool:
    """``|y + x - y^ - x^| <= e_y + e_s``, attained."""
    errors = [Fraction(1, 5), Fraction(1, 3)]
    return largest(lambda s: errors[0] * s[0] + errors[1] * s[1], 2) == share * sum(errors)


def _pooling(window: str = "largest") -> bool:
    """Thirty windows of three: the largest value moves by at most the largest error, over all corners."""
    draw = generator("pooling")
    for _ in range(30):
        x, e = rationals(draw, 3), [abs(t) for t in rationals(draw, 3)]
        moved = largest(lambda s, x=x, e=e: max(x[k] + e[k] * s[k] for k in range(3)) - max(x), 3)
        require(moved <= (max(e) if window == "largest" else min(e)), f"x = {x}, e = {e}")
    return True


def _average(power: int = 1) -> bool:
    a, b, v, u = sp.symbols("a b v u", real=True)
    before = v * (a**power + b**power) / 2 + u * (a**power + b**power) / 2
    after = ((v + u) * a + (v + u) * b) / 2
    return sp.expand(before - after) == 0


CHECK = ProofCheck(
    key="plus-one-residual",
    steps=(
        ProofStep("batch norm folds into the map before it", _fold, {"mean dropped": {"shifted": False}}),
        ProofStep(
            "not into a padded map after it, unless per tap",
            _norm_before_padding,
            {"border ignored": {"padded": False}},
        ),
        ProofStep("a skip adds its error", _skip, {"half of it": {"share": Fraction(1, 2)}}),
        ProofStep("max pooling is 1-Lipschitz", _pooling, {"least error": {"window": "least"}}),
        ProofStep("average pooling commutes with copies", _average, {"of squares": {"power": 2}}),
    ),
    covers="What skips, norms and pooling add to plus-one-conv.",
    trusts=("the published width (abstract alone has been read)",),
)
