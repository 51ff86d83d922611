"""Functions that are linear up to where they saturate: Hardtanh, ``phi(x) = min(max(x, low), high)``, and ReLU6.

Statement. Let ``low <= 0 <= high``, not both 0, and let ``r`` be the smaller of ``|low|`` and ``high`` that is not 0.
With the slope 1 on each side of 0 where phi moves, 0 on one where it does not, and no intercept,
``|phi(x) - mu(x)| <= K |x|^3`` for every real x, with ``K = 4/(27 r^2)``, the least such K; and ``|phi'| <= 1``.

Proof. On a side where phi moves, the remainder is at most ``max(t - r, 0)`` with ``t = |x|``; on the other it is 0. And
``4 t^3 - 27 r^2 (t - r) = (2 t - 3 r)^2 (t + 3 r) >= 0``, with equality at ``t = 3 r / 2``.

The remainder is 0 up to r, but a bound on ``|x| <= r`` alone would have to refuse every neuron that saturates. This one
holds everywhere, so that certificates stay rigorous there too; any order above 2 would do, the third has tanh's.
"""

import math
from collections.abc import Callable
from functools import cache, partial

import torch.nn.functional as F
from torch import Tensor, nn

from sltk.networks.activations.activation import Activation, Curve, Remainder
from sltk.networks.activations.entry import EXACT, Entry, single, up
from sltk.networks.activations.profile import lines
from sltk.networks.spelling import Call, Spellings

SMALLEST, LARGEST = 1e-100, 1e100  # so that neither r^2 nor K leaves float64


def _saturating(name: str, function: Callable[[Tensor], Tensor], low: float, high: float) -> Activation:
    knee = min(side for side in (-low, high) if side > 0.0)
    return Activation(
        name, function, float(high > 0.0), float(low < 0.0), 0.0, 1.0,
        Remainder(up(4.0 / (27.0 * knee * knee)), 3, math.inf),
        evidence="4 t^3 - 27 r^2 (t - r) = (2 t - 3 r)^2 (t + 3 r) >= 0 where phi saturates from r on; |phi'| <= 1",
        curve=Curve(3, 0.0, 0.0, Remainder(up(8.0**8 / 9.0**9 / knee**8), 9, math.inf)) if knee > 1e-30 else None,
        rounding=EXACT, profile=lines(0.0, 1.0, 0.0, kinks=(low, high)),
    )  # fmt: skip


@cache
def _hardtanh(low: float, high: float) -> Activation:
    low, high = low + 0.0, high + 0.0  # no -0 in names
    return _saturating(f"hardtanh({low!r}, {high!r})", partial(F.hardtanh, min_val=low, max_val=high), low, high)


def _allowed(low: float, high: float) -> bool:
    sizes = [side for side in (-low, high) if side != 0.0]
    return bool(sizes) and all(SMALLEST <= side <= LARGEST for side in sizes)


def _spelled(call: Call, /, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> str:
    return f"hardtanh({float(min_val)!r}, {float(max_val)!r})"


_READ = Spellings(
    {nn.Hardtanh: lambda call, module: _spelled(call, module.min_val, module.max_val)}, {F.hardtanh: _spelled}
)

ENTRIES = (
    Entry(
        "hardtanh",
        _hardtanh,
        (-1.0, 1.0),
        takes="two numbers low <= 0 <= high, not both 0, of sizes from 1e-100 to 1e100 or 0,",
        allows=_allowed,
        spellings=_READ,
    ),
    single(_saturating("relu6", F.relu6, 0.0, 6.0), modules=(nn.ReLU6,), functions=(F.relu6,)),
)
