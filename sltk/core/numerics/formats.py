"""Floating-point formats that a network is run in, and what one sum of products loses there.

A sum of ``k`` products, added in any order and with or without fused multiply-add, is computed with error at most
``gamma_k sum |a_i b_i|``, ``gamma_k = k u / (1 - k u)``, plus what underflows; ``u`` is the format's unit roundoff.

Source: standard model of floating-point arithmetic (Higham, Accuracy and Stability of Numerical Algorithms, section
3.1), recalled and re-derived here. It does not cover Winograd or Fourier convolutions, which torch does not use on
CPUs, nor products in fewer bits (``torch.set_float32_matmul_precision`` below ``"highest"``); how runs on other devices
keep from both is said in `sltk.core.numerics.device`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.core.errors import SltkError


@dataclass(frozen=True)
class Format:
    """A binary format.

    Attributes:
        dtype: torch's name of it.
        unit: ``u``, the relative error of one operation; a unit in the last place of 1 is ``2 u``.
        smallest: least normal number; what is below may be flushed to zero.
        tiny: what an elementary function may lose where its parts underflow.
        largest: largest finite number.
    """

    dtype: torch.dtype
    unit: float
    smallest: float
    tiny: float
    largest: float

    @property
    def name(self) -> str:
        """Such as ``float32``."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def limit(self) -> float:
        """Values up to here leave the format in no operation of a network: a sixteenth of the largest number."""
        return self.largest / 16.0

    def gamma(self, terms: Tensor | float) -> Tensor:
        """``gamma_k`` for ``k = terms``, rounded upward; infinite where it says nothing."""
        share = torch.as_tensor(terms, dtype=torch.float64) * self.unit
        bound = share / (1.0 - share) * (1.0 + 2.0**-48)
        return torch.where(share < 0.5, bound, torch.full_like(bound, torch.inf))


FLOAT32 = Format(torch.float32, 2.0**-24, 2.0**-126, 2.0**-110, torch.finfo(torch.float32).max)
FLOAT64 = Format(torch.float64, 2.0**-53, 2.0**-1022, 2.0**-1000, torch.finfo(torch.float64).max)


def format_of(dtype: torch.dtype) -> Format:
    """The format of a dtype.

    Raises:
        SltkError: neither float32 nor float64.
    """
    for known in (FLOAT32, FLOAT64):
        if known.dtype == dtype:
            return known
    raise SltkError(
        f"dtype must be torch.float32 or torch.float64, but got {dtype}: rounding in others is not bounded."
    )
