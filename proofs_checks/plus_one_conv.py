"""One layer more, in convolutions (claim ``plus-one-conv``).

A tap r of a K-tap kernel reads position ``o - P + r`` for output o; it never reads the padding P iff ``P <= r <= K -
1 - P``. Such a tap exists iff ``K > 2P``; for ``K = 2P + 1`` it is the centre. It may carry the bias. Where the
padding stays in the combining kernel, an intercept d leaves a constant that differs at the border.
"""

from fractions import Fraction

from proofs_checks._check import ProofCheck, ProofStep, require


def _inside(kernel: int, padding: int, size: int, tap: int, stride: int) -> bool:
    outputs = (size + 2 * padding - kernel) // stride + 1
    return all(0 <= o * stride - padding + tap < size for o in range(outputs))


def _taps(reach: int = 0) -> bool:
    """All kernels up to 7, paddings up to 4, sizes up to 12, stride 1."""
    for kernel in range(1, 8):
        for padding in range(5):
            for size in range(max(1, kernel - 2 * padding), 13):
                for tap in range(kernel):
                    predicted = padding - reach <= tap <= kernel - 1 - padding + reach
                    require(
                        predicted == _inside(kernel, padding, size, tap, 1), f"K = {kernel}, P = {padding}, r = {tap}"
                    )
    return True


def _strided(reach: int = 0) -> bool:
    """With a stride the condition still suffices."""
    cases = [(k, p, n, s) for k in range(1, 8) for p in range(4) for n in range(k, 13) for s in (2, 3)]
    for kernel, padding, size, stride in cases:
        for tap in range(max(0, padding - reach), min(kernel, kernel - padding + reach)):
            require(
                _inside(kernel, padding, size, tap, stride), f"K = {kernel}, P = {padding}, s = {stride}, r = {tap}"
            )
    return True


def _exists(factor: int = 2) -> bool:
    found = [(k, p) for k in range(1, 10) for p in range(6) if any(p <= r <= k - 1 - p for r in range(k))]
    centre = all([r for r in range(2 * p + 1) if p <= r <= p] == [p] for p in range(6))
    return centre and found == [(k, p) for k in range(1, 10) for p in range(6) if k > factor * p]


def _border(padded_first: bool = True) -> bool:
    """``mu(x) = m x + d``: pad x before the univariate layer and ``d sum v`` is one constant.

    Pad after it and it is not.
    """
    slope, intercept, v = Fraction(1, 4), Fraction(1, 2), [Fraction(3), Fraction(-1), Fraction(2)]
    x = [Fraction(k, 3) for k in (1, -2, 4, 5)]
    if padded_first:
        hidden = [slope * t + intercept for t in [0, *x, 0]]
    else:
        hidden = [Fraction(0), *[slope * t + intercept for t in x], Fraction(0)]
    padded = [Fraction(0), *x, Fraction(0)]
    constants = {
        sum((a * h for a, h in zip(v, hidden[i : i + 3], strict=True)), Fraction(0))
        - slope * sum((a * t for a, t in zip(v, padded[i : i + 3], strict=True)), Fraction(0))
        for i in range(4)
    }
    return constants == {intercept * sum(v)}


CHECK = ProofCheck(
    key="plus-one-conv",
    steps=(
        ProofStep("taps that never read the padding", _taps, {"one more tap": {"reach": 1}}),
        ProofStep("the same with strides", _strided, {"one more tap": {"reach": 1}}),
        ProofStep("they exist iff K > 2P", _exists, {"K > P": {"factor": 1}}),
        ProofStep(
            "padding belongs to the univariate layer",
            _border,
            {"padding in the combining kernel": {"padded_first": False}},
        ),
    ),
    covers="The geometry of bias taps and padding; errors are error-own-copies, copies plus-one-dense.",
    trusts=("the published width (abstract alone has been read)",),
)
