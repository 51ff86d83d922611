"""``phi(x) = x``."""

from torch import Tensor

from sltk.networks.activations import twofold
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.entry import EXACT, LINEAR, single
from sltk.networks.activations.profile import lines


def _identity(x: Tensor) -> Tensor:
    return x


_IDENTITY = Activation(
    "identity", _identity, 1.0, 1.0, 0.0, 1.0, LINEAR, evidence="linear", rounding=EXACT, profile=lines(1.0, kinks=()),
    twofold=twofold.identity,
)  # fmt: skip

ENTRIES = (single(_IDENTITY),)
