# pyright: basic, reportMissingImports=false
"""Minimum error of pools of their own as one Triton kernel: all pairs of two half sums, which never leave registers.

One program a pool. ``A`` and ``N`` are those of ``kernels.least_error``, by code, with the same roundings, and the
``2^n`` distances ``|a - (n + rest)|`` have the least that its walks come to. Where one pair alone has it, that is the
subset which the kernel takes. Where several have it, the order of the walks decides, and the row is left to
``sltk.subset_sum.on_device.least_error``.

The arithmetic: ``2^n`` pairs of one subtraction and one minimum in float64, ``2.1e12`` instructions for a million pools
of 20 samples; an H200 has 1.7e13 a second by its data sheet (remembered), so an eighth of a second, not measured.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from sltk.subset_sum.kernels.least_error import half
from sltk.subset_sum.on_device.batch import Batch
from sltk.subset_sum.on_device.sums import bits

COLUMNS = 8  # of ``N`` that are compared with all of ``A`` at a time


@triton.jit
def _sums(start, x, SIZE: tl.constexpr, H: tl.constexpr, SIGN: tl.constexpr):
    """Sums of the codes ``start .. start + SIZE - 1``, added in index order; a sample that is left out adds nothing."""
    code = start + tl.arange(0, SIZE)
    total = tl.zeros((SIZE,), dtype=tl.float64)
    for k in tl.static_range(H):
        total += tl.where((code >> k) & 1 != 0, SIGN * tl.load(x + k), 0.0)
    return total


@triton.jit
def _rest(z, extra, last, WAY: tl.constexpr):
    """What the two halves have to reach where one more sample is taken (bit 0), and the last one (bit 1)."""
    if WAY >= 2:
        z = z - last
    if WAY % 2 == 1:
        z = z - extra
    return z


@triton.jit
def _nearest(
    pools, targets, codes, N: tl.constexpr, H: tl.constexpr, SIZE: tl.constexpr, WIDE: tl.constexpr,
    WAYS: tl.constexpr,
):  # fmt: skip
    """Code of the one nearest subset of a pool, its bits in the order of the samples; -1 where there are several."""
    row = tl.program_id(0).to(tl.int64)
    x = pools + row * N
    z, extra, last = tl.load(targets + row), tl.load(x + 2 * H), tl.load(x + N - 1)
    index = tl.arange(0, SIZE)
    a = _sums(0, x, SIZE, H, 1.0)
    least = tl.full((SIZE,), float("inf"), dtype=tl.float64)
    for start in range(0, SIZE, WIDE):
        b = _sums(start, x + H, WIDE, H, -1.0)
        for way in tl.static_range(WAYS):
            error = tl.abs(a[:, None] - (b + _rest(z, extra, last, way))[None, :])
            least = tl.minimum(least, tl.min(error, axis=1))
    best = tl.min(least, axis=0)
    hit = least == best
    one = tl.sum(hit.to(tl.int32), axis=0)
    left = tl.min(tl.where(hit, index, SIZE), axis=0)
    # The sum of that one code, and every pair that it is in once more, to see how many are as near.
    sum_left = tl.sum(tl.where(index == left, a, 0.0), axis=0)
    b = _sums(0, x + H, SIZE, H, -1.0)
    pairs, right, taken = 0, 0, 0
    for way in tl.static_range(WAYS):
        near = tl.abs(sum_left - (b + _rest(z, extra, last, way))) == best
        count = tl.sum(near.to(tl.int32), axis=0)
        pairs += count
        right += tl.where(count > 0, tl.min(tl.where(near, index, SIZE), axis=0), 0)
        taken += tl.where(count > 0, way, 0)
    code = left + (right << H) + (taken << (2 * H))
    tl.store(codes + row, tl.where((one == 1) & (pairs == 1), code, -1))


def nearest(batch: Batch) -> tuple[Tensor, Tensor]:
    """Subsets of least error, ``(B, n)`` uint8, and which targets have one alone; the others hold anything.

    Args:
        batch: pools of their own, ``1 <= n <= 22``; beyond, two sorted lists are far fewer steps.
    """
    n, h = batch.samples, half(batch.samples)
    codes = torch.empty(batch.count, dtype=torch.int32, device=batch.pool.device)
    # The one or two samples that are left are the last bits: one more, and the last where there are two.
    _nearest[(batch.count,)](  # pyright: ignore[reportIndexIssue]
        batch.pool.contiguous(), batch.target.contiguous(), codes, N=n, H=h, SIZE=2**h, WIDE=min(COLUMNS, 2**h),
        WAYS=2 ** (n - 2 * h), enable_fp_fusion=False,
    )  # fmt: skip
    return bits(codes.clamp_min(0).to(torch.int64), n), codes >= 0
