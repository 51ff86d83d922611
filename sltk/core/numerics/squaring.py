"""Largest eigenvalues from above, by repeated squaring: the Frobenius norm of a high power is little more than one."""

from typing import NamedTuple

from torch import Tensor

SMALLEST = 1e-150  # of a norm: below, squares would underflow; a matrix of zeros stays one


class Largest(NamedTuple):
    """Of matrices ``(..., m, m)``.

    Attributes:
        log: ``log ||A^(2^p)||_F / 2^p``, at least the logarithm of the largest eigenvalue but for rounding, ``(...)``.
        squared: ``A^2`` scaled to Frobenius norm 1.
    """

    log: Tensor
    squared: Tensor


def largest(gram: Tensor, squarings: int) -> Largest:
    """Of positive semidefinite matrices, real or complex, by ``squarings >= 1`` squares p.

    Every square is scaled to Frobenius norm 1. It is then off by at most ``gamma_m``, of a largest eigenvalue of at
    least 1/m; what has doubled l times is divided by the root of order 2^l. So the whole is off by about
    ``2 m gamma_m`` of the eigenvalue, which callers add.
    """
    power, log = _scaled(gram)
    power, more = _scaled(power @ power)
    squared, log = power, log + more / 2
    for level in range(2, squarings + 1):
        power, more = _scaled(power @ power)
        log = log + more / 2**level
    return Largest(log, squared)


def _scaled(x: Tensor) -> tuple[Tensor, Tensor]:
    """To Frobenius norm 1, and the logarithm of what it was."""
    size = x.flatten(-2).abs().square().sum(-1).sqrt().clamp(min=SMALLEST)
    return x / size[..., None, None], size.log()
