"""Dense ReLU networks with every constant (claim ``dense-explicit``).

No biases, spectral norms and input norms at most 1, depth l, ``eps <= 1``. With ``e_i = eps/(2 l sqrt(d_i d_{i-1}))``
a weight, ``||dW||_2 <= ||dW||_F <= eps/(2 l)``, and errors obey ``1 + a_{i+1} <= (1 + eps/(2 l)) (1 + a_i)``, so the
output is off by at most ``(1 + eps/(2l))^l - 1 <= e^(eps/2) - 1 <= e^(1/2) eps/2 < eps``. Two problems a weight (one
a sign of w) share delta: ``delta' = delta/(2 sum d_i d_{i-1})``, each in a pool of products that w's sign gates: ``c
= 1/(4e)``, ``L = 1/e``.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball
from proofs_checks._widths import closed_form_ball


def _frobenius(share: int = 2) -> bool:
    """``e_i^2 d_i d_{i-1} = (eps/(2 l))^2``."""
    eps, depth, rows, columns = sp.symbols("eps l d_i d_j", positive=True)
    each = eps / (share * depth * sp.sqrt(rows * columns))
    return sp.simplify(each**2 * rows * columns - (eps / (2 * depth)) ** 2) == 0


def _recursion(cross: int = 1) -> bool:
    """``|Wx - W^x^| <= |W| |x - x^| + |dW| |x^| <= a + h (1 + a)``, so ``1 + a' = (1 + h)(1 + a)``."""
    a, h = sp.symbols("a h", positive=True)
    return sp.expand(1 + a + h * (1 + cross * a) - (1 + h) * (1 + a)) == 0


def _total(limit: Fraction = Fraction(83, 100)) -> bool:
    """``u = eps/2 <= 1/2``.

    ``e^u - 1`` is convex, so it is below its chord, ``2 (e^(1/2) - 1) u <= e^(1/2) u < .83 eps``.
    """
    chord = 2 * ((ball(1) / 2).exp() - 1)
    require(bool(chord <= (ball(1) / 2).exp()), "chord")
    return bool((ball(1) / 2).exp() / 2 < ball(limit)) and limit < 1


def _example(halved: int = 2, problems: int = 2) -> bool:
    """784-500-10, eps = .1, delta = .01: 789 and 697 neurons an input."""
    sizes, depth = (784 * 500, 500 * 10), 2
    length, c = 1 / ball(1).exp(), 1 / (2 * halved * ball(1).exp())
    found = []
    for size in sizes:
        # e^2 is rational although e is not: the closed form needs the square alone.
        square = Fraction(1, 100) / (4 * depth**2 * size)
        delta = Fraction(1, 100) / (problems * sum(sizes))
        found.append(closed_form_ball(length / ball(square).sqrt(), c, Fraction(1), delta))
    require(found == [789, 697], f"widths {found}")
    return True


def _floor(window: int = 2) -> bool:
    """Counting: ``log2(W/(2 e_1))`` with W = 1/e lies between 12.1 and 12.2."""
    e1 = ball(Fraction(1, 10)) / (4 * ball(784 * 500).sqrt())
    floor = (window * ball(1) / (2 * ball(1).exp()) / (2 * e1)).log() / ball(2).log()
    return bool(floor > ball("12.1")) and bool(floor < ball("12.2"))


def _window(reach: str = "0.18394") -> bool:
    """Targets up to ``L/2 = 1/(2e)``, above .1839."""
    return bool(abs(1 / (2 * ball(1).exp()) - ball(reach)) < ball("0.000005"))


CHECK = ProofCheck(
    key="dense-explicit",
    steps=(
        ProofStep("Frobenius norm of the errors", _frobenius, {"eps/(l sqrt)": {"share": 1}}),
        ProofStep("recursion of errors", _recursion, {"|x^| taken as 1": {"cross": 0}}),
        ProofStep("total below .83 eps", _total, {".82": {"limit": Fraction(82, 100)}}),
        ProofStep("789 and 697 in the example", _example,
             {"ungated c = 1/(2e)": {"halved": 1}, "one problem a weight": {"problems": 1}}),
        ProofStep("floor 12.1 to 12.2", _floor, {"half of the window": {"window": 1}}),
        ProofStep("window up to .184", _window, {".25": {"reach": "0.25"}}),
    ),
    covers="The error allocation and the example's widths, given subset-sum-covering, the univariate identity "
    "and the union bound.",
)  # fmt: skip
