"""What a mask comes to, added up on its device with the bits of the CPU: float64, samples in index order.

A product with 0 or 1 is exact, so that a device may fuse it with the sum.
"""

import torch
from torch import Tensor

from sltk.subset_sum.on_device.batch import Batch


def resummed(batch: Batch, mask: Tensor) -> Tensor:
    """Sum of each row's subset as ``solve`` adds it: ``(B,)``."""
    total = torch.zeros_like(batch.target)
    for k in range(batch.samples):
        total = total + batch.pool[:, k] * mask[:, k]
    return total


def resummed_error(batch: Batch, mask: Tensor) -> Tensor:
    """``|z - sum|`` of each row: ``(B,)``."""
    return (batch.target - resummed(batch, mask)).abs()
