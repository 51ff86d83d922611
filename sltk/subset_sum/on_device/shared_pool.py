"""Minimum error for many targets and one pool: all sums sorted once, then one look-up a target.

The subset that ``kernels.shared_pool`` takes: its sorted list, and of two equally near sums the smaller.
"""

import torch
from torch import Tensor

from sltk.subset_sum.on_device.batch import Batch
from sltk.subset_sum.on_device.sums import bits, sorted_with


def table(pool: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of the pool ``(1, n)``, ascending, and their subsets as bits, ``(2^n,)`` each."""
    unit = torch.ones((1, pool.shape[1]), dtype=torch.int64, device=pool.device)
    bit = unit << torch.arange(pool.shape[1], device=pool.device)
    sums, codes = sorted_with(pool, bit, torch.zeros_like(unit[:, :1]))
    return sums[0], codes[0]


def look_up(batch: Batch, sums: Tensor, codes: Tensor) -> Tensor:
    """Subsets of least error, ``(B, n)`` uint8."""
    z, size = batch.target, sums.shape[0]
    found = torch.searchsorted(sums, z)
    below, above = sums[(found - 1).clamp_min(0)], sums[found.clamp_max(size - 1)]
    down = (found == size) | ((found > 0) & (z - below <= above - z))
    return bits(codes[found - down.to(torch.int64)], batch.samples)
