"""Fewest samples within a tolerance, by enumeration of sizes 0, 1, 2, ...: the subset that ``kernels.fewest`` takes."""

from functools import lru_cache
from math import comb

import torch
from torch import Tensor

from sltk.subset_sum.kernels.fewest import enumerated_size
from sltk.subset_sum.on_device.batch import Batch
from sltk.subset_sum.on_device.sums import first


def row_bytes(n: int) -> float:
    """Memory that one problem takes."""
    return 48.0 * max(comb(n, size) for size in range(enumerated_size(n) + 1))


@lru_cache(maxsize=8)
def _subsets(n: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Of all subsets of ``size`` samples, by their largest: which one of ``size - 1`` they extend, and by what."""
    runs = torch.tensor([comb(j, size - 1) for j in range(n)], device=device)
    largest = torch.arange(n, device=device).repeat_interleave(runs)
    begins = (runs.cumsum(0) - runs)[largest]
    return torch.arange(largest.shape[0], device=device) - begins, largest


def fewest(batch: Batch) -> tuple[Tensor, Tensor]:
    """Smallest subsets within the tolerance, ``(B, n)`` uint8, and which targets have one that is enumerated."""
    n, device, z, eps = batch.samples, batch.pool.device, batch.target, batch.eps
    mask, found = batch.empty_mask(), z.abs() <= eps
    left = (~found).nonzero().squeeze(1)
    sums = torch.zeros((batch.pool.shape[0], 1), dtype=z.dtype, device=device)
    part = batch.take(left)
    sums = sums if sums.shape[0] == 1 else sums[left]
    for size in range(1, enumerated_size(n) + 1):
        if not left.numel():
            break
        shorter, largest = _subsets(n, size, device)
        sums = sums[:, shorter] + part.pool[:, largest]
        error = (part.target.unsqueeze(1) - sums).abs()
        least = error.amin(dim=1)
        near = least <= part.eps
        place = first(error[near] == least[near].unsqueeze(1))
        _write(mask, left[near], place, size)
        found[left[near]] = True
        left, part = left[~near], part.take(~near)
        sums = sums if sums.shape[0] == 1 else sums[~near]
    return mask, found


def _write(mask: Tensor, rows: Tensor, place: Tensor, size: int) -> None:
    """Take in ``rows`` of ``mask`` the samples of the subsets at ``place`` among those of ``size``."""
    for smaller in range(size, 0, -1):
        shorter, largest = _subsets(mask.shape[1], smaller, mask.device)
        mask[rows, largest[place]] = 1
        place = shorter[place]
