"""SET: sparse evolutionary training: now and then the smallest weights go, and as many others come at random.

Source: Mocanu et al. 1707.04780 (remembered): a share of .3 after every epoch. Here the share falls by a cosine, as in
RigL, so that the two differ in what comes and in nothing else.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.train.methods.dynamic.rigl import Rigl


@dataclass(frozen=True)
class Set(Rigl):
    """As ``Rigl``, with growth at random in place of the largest gradient; no gradient of a closed weight is taken."""

    name: ClassVar[str] = "set"
    by_gradient: ClassVar[bool] = False
