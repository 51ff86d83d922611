"""``phi(x) = x`` for ``x >= 0``, ``a x`` for ``x < 0``, with a slope ``a >= 0``."""

from functools import cache, partial

import torch.nn.functional as F
from torch import nn

from sltk.networks.activations.activation import Activation
from sltk.networks.activations.entry import LINEAR, ONE_PRODUCT, Entry
from sltk.networks.spelling import Call, Spellings


@cache
def _leaky_relu(slope: float) -> Activation:
    function = partial(F.leaky_relu, negative_slope=slope)
    return Activation(
        f"leaky_relu({slope!r})", function, 1.0, slope, 0.0, max(1.0, slope), LINEAR,
        evidence="equal to its half lines", rounding=ONE_PRODUCT,
    )  # fmt: skip


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
)
