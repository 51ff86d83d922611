"""Float64 rounding made one-sided: every number that leaves here is at least the real number it stands for.

A sum of ``N`` products, added in any order and with or without fused multiply-add, is computed with error
at most ``gamma_N sum |a_i b_i|``, ``gamma_N = N u / (1 - N u)``, ``u = 2^-53``, as long as no product
underflows. Underflow is charged apart (`underflow`), so that exact zeros stay exact zeros.

Source: standard model of floating-point arithmetic (Higham, Accuracy and Stability of Numerical
Algorithms, section 3.1), recalled and re-derived here; it does not cover Strassen- or FFT-like
multiplication, which the float64 CPU kernels of torch and scipy do not use; for other devices see
`sltk.core.numerics.device`.
"""

import math

import torch
from torch import Tensor

from sltk.core.errors import SltkError

UNIT = 2.0**-53
_SMALLEST_NORMAL = 2.0**-1022
# Far above the underflow threshold, so that rounding of the test itself cannot matter.
_SAFE_PRODUCT = 2.0**-960
_SLACK_TERMS = 8


def gamma(terms: int) -> float:
    """``N u / (1 - N u)`` for ``N = terms``: the relative error of a float64 sum of ``N`` products."""
    return terms * UNIT / (1.0 - terms * UNIT)


def up(x: Tensor) -> Tensor:
    """Next float64 above; zeros stay, since only exact operations leave a zero here."""
    return torch.where(x == 0, x, torch.nextafter(x, torch.full_like(x, math.inf)))


def swell(total: Tensor, terms: int) -> Tensor:
    """Upper bound of a sum of ``terms`` non-negative products from its computed value.

    ``s <= s_computed (1 + gamma_N)`` because every rounding step loses at most a factor ``1 - u``;
    eight more terms pay for this multiplication and for the operations that built the factors.
    """
    return total * (1.0 + gamma(terms + _SLACK_TERMS))


def underflow(terms: int, *factors: Tensor) -> float:
    """What ``terms`` products of the ``factors`` can lose to underflow, flush-to-zero included; mostly 0."""
    smallest = 1.0
    for factor in factors:
        size = factor.abs()
        least = float(size.min()) if size.numel() else math.inf
        if least == 0.0:
            least = float(size.masked_fill_(size == 0, math.inf).min())
        if least == math.inf:
            return 0.0
        smallest *= min(1.0, least)
    return 0.0 if smallest >= _SAFE_PRODUCT else terms * _SMALLEST_NORMAL


def require_finite(x: Tensor, what: str) -> Tensor:
    """Return ``x``.

    Raises:
        SltkError: where an entry is NaN or infinite: the bound left the range of float64.
    """
    if not bool(torch.isfinite(x).all()):
        raise SltkError(
            f"{what} holds NaN or infinity, but a certificate needs finite float64 numbers (below 1.8e308); "
            "shrink the box, the weights or the number of stages."
        )
    return x
