"""Subsets of a fixed size (claim ``fixed-size``).

There are ``C(n, k) <= 2^(n H2(k/n))`` subsets of size k, so covering a window of length W asks for
``n >= log2(W/(2 eps))/H2(k/n)``; and ``C(n, k) >= 2^(n H2(k/n))/(n + 1)``, so counting cannot ask for much more.
"""

import math

from proofs_checks._check import ProofCheck, ProofStep, require


def _above(extra: int = 0) -> bool:
    """``C(n, k) k^k (n-k)^(n-k) <= n^n``: one term of the binomial theorem; in integers for n <= 120."""
    for n in range(1, 121):
        for k in range(n + 1):
            term = math.comb(n, k) * k**k * (n - k) ** (n - k)
            require(term * (n + 1) ** extra <= n**n, f"n = {n}, k = {k}")
    return True


def _below(terms: int = 1) -> bool:
    """The largest of the ``n + 1`` terms, so at least ``n^n/(n + 1)``."""
    for n in range(1, 121):
        for k in range(n + 1):
            term = math.comb(n, k) * k**k * (n - k) ** (n - k)
            require(term * (n + 1) >= n**n * terms, f"n = {n}, k = {k}")
    return True


def _floor(scale: int = 2) -> bool:
    """k = n/2, W = 1, eps = .01: 8 samples by counting; the entropy bound, ``n >= log2 50``, asks for 6."""
    exact = next(n for n in range(2, 200, 2) if math.comb(n, n // 2) * scale >= 100)
    entropy = next(n for n in range(2, 200, 2) if 2**n * scale >= 100)
    return (exact, entropy) == (8, 6)


CHECK = ProofCheck(
    key="fixed-size",
    steps=(
        ProofStep("entropy bound from above", _above, {"times n + 1": {"extra": 1}}),
        ProofStep("entropy bound from below", _below, {"twice as much": {"terms": 2}}),
        ProofStep("floors at k = n/2", _floor, {"eps for 2 eps": {"scale": 1}}),
    ),
    covers="The counting floor for subsets of size k, in integers up to n = 120.",
    trusts=("the published sufficient width, and the network's lower bound with its ranges of k and eps",),
)
