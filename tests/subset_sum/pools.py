"""Pools whose samples are drawn in the ways of the constructions: (generator, count) -> (count, n)."""

import numpy as np
from numpy.typing import ArrayLike

from sltk.subset_sum.laws import Law
from sltk.subset_sum.probability import PoolDraw


def direct_pool(law: Law, n: int, scale: float = 1.0) -> PoolDraw:
    """Samples ``scale * v``."""
    return lambda generator, count: scale * law.sample(generator, (count, n))


def product_pool(law: Law, incoming: Law, n: int, scale: float = 1.0) -> PoolDraw:
    """Samples ``scale * v * w``, both random.

    Where v is sign-symmetric this is also the pool over the incoming weights of one sign: ``v w`` and ``v |w|``
    have one law.
    """
    return lambda generator, count: scale * law.sample(generator, (count, n)) * incoming.sample(generator, (count, n))


def given_pool(law: Law, incoming: ArrayLike, scale: float = 1.0) -> PoolDraw:
    """Samples ``scale * v * w`` with ``w``, ``(n,)``, given."""
    w = np.asarray(incoming, dtype=float)
    return lambda generator, count: scale * law.sample(generator, (count, w.size)) * w
