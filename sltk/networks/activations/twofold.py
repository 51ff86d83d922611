"""Activations of numbers of twice the precision, ``(high, low) -> (high, low)`` on contiguous float64 tensors.

Each is off by at most ``ERROR (1 + |x|)``.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from sltk.core.numerics.twofold import POWERS
from sltk.core.numerics.twofold_kernels import exponential, hyperbolic, multiplied
from sltk.core.numerics.twofold_kernels import logistic as quotient

ERROR = 2.0**-94

Pair = tuple[Tensor, Tensor]


def identity(high: Tensor, low: Tensor) -> Pair:
    """``x``."""
    return high, low


def positive(high: Tensor, low: Tensor) -> Pair:
    """``max(x, 0)``; the sign is that of the first part."""
    above = high > 0
    return torch.where(above, high, 0.0), torch.where(above, low, 0.0)


def logistic(high: Tensor, low: Tensor) -> Pair:
    """``1 / (1 + exp(-x))``."""
    return _of_decay(quotient, high, low, 1.0)


def tanh(high: Tensor, low: Tensor) -> Pair:
    """``tanh(x)``."""
    return _of_decay(hyperbolic, high, low, 2.0)


def silu(high: Tensor, low: Tensor) -> Pair:
    """``x / (1 + exp(-x))``."""
    found = logistic(high, low)
    multiplied(*(part.numpy().ravel() for part in (*found, high, low)))
    return found


def _of_decay(finish: Callable[..., None], high: Tensor, low: Tensor, scale: float) -> Pair:
    """By ``exp(-scale |x|)``; the scale is a power of two."""
    found = high.clone(), low.clone()
    x, y = ((scale * part).numpy().ravel() for part in (high, low))
    decay, rest = np.empty_like(x), np.empty_like(x)
    exponential(x, y, POWERS, decay, rest)
    finish(*(part.numpy().ravel() for part in found), decay, rest)
    return found
