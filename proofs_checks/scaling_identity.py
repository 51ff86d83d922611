"""Scaled networks of homogeneous activations (claim ``scaling-identity``).

``phi(s x) = s phi(x)`` for ``s > 0`` gives ``f(x; {s_l W_l, (prod_{k<=l} s_k) b_l}) = (prod_l s_l) f(x; W, b)``: by
induction layer l carries the factor ``prod_{k<=l} s_k``.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import rationals


def _induction(bias_power: int = 1) -> bool:
    """One layer on an input scaled by p: ``s W (p x) + s p b = s p (W x + b)``."""
    s, p = sp.symbols("s p", positive=True)
    weight, x, b = sp.symbols("W x b", real=True)
    return sp.expand(s * weight * (p * x) + s * p**bias_power * b - s * p * (weight * x + b)) == 0


def _homogeneous(sign: int = 1) -> bool:
    """ReLU and leaky ReLU, ``phi(s x) = s phi(x)`` on both half lines for ``s > 0``."""
    s, a, slope = sp.symbols("s a m", positive=True)
    for x, factor in ((a, 1), (-a, slope)):
        scaled = sign * s * x
        left = scaled if bool(scaled.is_positive) else slope * scaled
        if sp.expand(left - sign * s * factor * x) != 0:
            return False
    return True


def _network(weights: list[list[list[Fraction]]], biases: list[list[Fraction]], x: list[Fraction], leak: Fraction):
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        x = [sum((w * v for w, v in zip(row, x, strict=True)), b) for row, b in zip(weight, bias, strict=True)]
        if layer < len(weights) - 1:
            x = [v if v > 0 else leak * v for v in x]
    return x


def _networks(cumulative: bool = True, square: bool = False) -> bool:
    """Thirty random networks of depth 1 to 4, width 2, in exact rationals."""
    draw = generator("scaling-identity")
    for trial in range(30):
        depth, leak = 1 + trial % 4, Fraction(trial % 3, 5)
        weights = [[rationals(draw, 2) for _ in range(2)] for _ in range(depth)]
        biases, x = [rationals(draw, 2) for _ in range(depth)], rationals(draw, 2)
        scales, total, scaled_weights, scaled_biases = (
            [Fraction(int(k), 4) for k in draw.integers(1, 17, depth)],
            Fraction(1),
            [],
            [],
        )
        for s, weight, bias in zip(scales, weights, biases, strict=True):
            total *= s
            scaled_weights.append([[s * w for w in row] for row in weight])
            scaled_biases.append([(total if cumulative else s) * b for b in bias])
        if square:
            total *= total
        found = _network(scaled_weights, scaled_biases, x, leak)
        require(found == [total * v for v in _network(weights, biases, x, leak)], f"network {trial}")
    return True


CHECK = ProofCheck(
    key="scaling-identity",
    steps=(
        ProofStep("induction step", _induction, {"bias without the product": {"bias_power": 0}}),
        ProofStep("ReLU and leaky ReLU are homogeneous", _homogeneous, {"negative scale": {"sign": -1}}),
        ProofStep("thirty networks in rationals", _networks,
             {"biases scaled by s_l alone": {"cumulative": False}, "square of the product": {"square": True}}),
    ),
    covers="The identity for every depth and width, by induction, for positive scales.",
)  # fmt: skip
