"""Draws of a law by index: number ``f`` of a keyed stream is the law of words ``f`` of Philox4x32-10 under its key.

Any of them can be drawn alone, in any order, and, where the law takes arithmetic alone, on any device, bit for bit.
"""

from typing import TYPE_CHECKING

import numpy as np

from sltk.core import philox
from sltk.core.numerics.arrays import Indices, Values
from sltk.subset_sum.laws.base import Law

if TYPE_CHECKING:
    from torch import Tensor, device


def drawn(law: Law, key: int, flat: Indices) -> Values:
    """Numbers ``flat`` (any shape, int64, in ``[0, 2**63)``): float64, exact in float32."""
    index = np.ascontiguousarray(flat, dtype=np.int64).reshape(-1)
    words = np.stack([philox.words(key, index, word) for word in range(law.words)])
    return law.transform(words).reshape(flat.shape)


def drawn_range(law: Law, key: int, start: int, stop: int) -> Values:
    """``drawn(law, key, arange(start, stop))`` at four words an evaluation."""
    return law.transform(np.stack([philox.words_range(key, start, stop, word) for word in range(law.words)]))


def drawn_on(law: Law, key: int, flat: "Tensor") -> "Tensor":
    """``drawn`` on the device of ``flat``, int64, by torch's integers, bit for bit; for an ``arithmetic`` law.

    Raises:
        SltkError: a law whose draws take more than arithmetic.
    """
    import torch  # a second, and what is drawn on the CPU has no use for it

    from sltk.core.device_words import words_at

    return law.transform_tensor(torch.stack([words_at(key, flat, word) for word in range(law.words)]))


def drawn_range_on(law: Law, key: int, start: int, stop: int, place: "device") -> "Tensor":
    """``drawn_range`` on ``place``, bit for bit; for an ``arithmetic`` law.

    Raises:
        SltkError: a law whose draws take more than arithmetic.
    """
    import torch

    from sltk.core.device_words import words_range

    words = [words_range(key, start, stop, word, place) for word in range(law.words)]
    return law.transform_tensor(torch.stack(words))
