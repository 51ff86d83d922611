"""``phi(x) = x`` for ``x >= 0``, ``a x`` for ``x < 0``: leaky ReLU with a slope ``a >= 0``, PReLU with a trained one.

Statement. phi is its two half lines, so the remainder is 0, and its Lipschitz constant is ``max(1, |a|)``. For
``a >= 0`` it never falls; a trained slope may be below 0: phi then falls up to 0 and rises from there. Its
``m_+ + m_- = 1 + a`` must not be 0: ``prelu(-1)`` is the absolute value, of whose univariate neurons no sum is linear.

A PReLU with a slope for every channel is no elementwise function; it is read as the layers that it amounts to
(``sltk.networks.reading.rewritten``), and so is every PReLU.
"""

from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations.activation import Activation
from sltk.networks.activations.entry import LINEAR, ONE_PRODUCT, Entry
from sltk.networks.activations.profile import lines
from sltk.networks.spelling import Call, Spellings

PRELU_DEFAULT = 0.25  # torch's own


@cache
def _leaky_relu(slope: float) -> Activation:
    function = partial(F.leaky_relu, negative_slope=slope)
    return Activation(
        f"leaky_relu({slope!r})", function, 1.0, slope, 0.0, max(1.0, slope), LINEAR,
        evidence="equal to its half lines", rounding=ONE_PRODUCT, profile=lines(slope, 1.0, kinks=(0.0,)),
    )  # fmt: skip


@cache
def _prelu(slope: float) -> Activation:
    return Activation(
        f"prelu({slope!r})", partial(_sloped, slope=slope), 1.0, slope, 0.0, max(1.0, abs(slope)), LINEAR,
        minimum=0.0 if slope < 0.0 else None, evidence="equal to its half lines", rounding=ONE_PRODUCT,
        profile=lines(slope, 1.0, kinks=(0.0,)),
    )  # fmt: skip


def _sloped(x: Tensor, slope: float) -> Tensor:
    return torch.where(x >= 0, x, x * slope)


def _spelled(call: Call, /, negative_slope: float = 0.01, inplace: bool = False) -> str:
    return f"leaky_relu({float(negative_slope)!r})"


ENTRIES = (
    Entry(
        "leaky_relu",
        _leaky_relu,
        (0.01,),
        takes="one finite number >= 0",
        allows=lambda slope: slope >= 0.0,
        spellings=Spellings(
            {nn.LeakyReLU: lambda call, module: _spelled(call, module.negative_slope)}, {F.leaky_relu: _spelled}
        ),
    ),
    Entry(
        "prelu",
        _prelu,
        (PRELU_DEFAULT,),
        takes="one finite number, not -1,",
        allows=lambda slope: abs(1.0 + slope) > 1e-6 * (1.0 + abs(slope)),  # as require_slopes has it
    ),
)
