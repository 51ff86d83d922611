"""Minimum error, meeting in the middle on two sorted lists: the subset that ``kernels.least_error`` takes.

That kernel walks from both ends of the merged order of ``A`` and ``N + rest`` and compares the two sums at which it
stands. Step ``t`` from the low end stands at the sums that come next once ``t`` are passed, so all steps can be looked
at together: how many of ``A`` are among the first ``t`` is a search in the list of their places. The four walks (from
either end, without and with one more sample) are then put in the order in which the kernel looks at its smallest
distances, block by block, and the first least one is taken.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.subset_sum.kernels.least_error import BLOCK, half
from sltk.subset_sum.on_device.batch import Batch
from sltk.subset_sum.on_device.sums import at, bits, first, sums_by_code


def row_bytes(n: int) -> float:
    """Memory that one problem takes."""
    return 400.0 * 2 ** half(n)


@dataclass(frozen=True)
class Seen:
    """The pair that is taken of each row: its distance, and places in ``A`` and ``N``; whether with one more sample."""

    error: Tensor
    left: Tensor
    right: Tensor
    extra: Tensor


def nearest(batch: Batch) -> Tensor:
    """Subsets of least error, ``(B, n)`` uint8."""
    x, z, n = batch.pool, batch.target, batch.samples
    h = half(n)
    by_code = sums_by_code(x[:, :h]), sums_by_code(-x[:, h : 2 * h])
    a, b = (sums.sort(dim=1).values.expand(batch.count, -1) for sums in by_code)
    extra = x[:, 2 * h]
    seen = _walk(a, b, z, z - extra)
    second = batch.flags(False)
    if n - 2 * h == 2:
        rest = z - x[:, n - 1]
        other = _walk(a, b, rest, rest - extra)
        second = other.error < seen.error
        seen = Seen(
            *(torch.where(second, v, u) for u, v in zip(vars(seen).values(), vars(other).values(), strict=True))
        )
    mask = batch.empty_mask()
    mask[:, :h] = bits(first(by_code[0] == at(a, seen.left).unsqueeze(1)), h)
    mask[:, h : 2 * h] = bits(first(by_code[1] == at(b, seen.right).unsqueeze(1)), h)
    mask[:, n - 1] = second
    mask[:, 2 * h] = seen.extra
    return mask


def _walk(a: Tensor, b: Tensor, z: Tensor, y: Tensor) -> Seen:
    """The pair of ``a`` and ``b + z``, or of ``a`` and ``b + y``, that the kernel takes; lists are ``(B, S)``."""
    count, size = a.shape
    moved = b.unsqueeze(1) + torch.stack([z, y], dim=1).unsqueeze(2)
    wide = a.unsqueeze(1).expand(-1, 2, -1).contiguous()
    step = torch.arange(size, device=a.device)
    # The place of each sum of ``a`` in the merged order; of equal ones it comes first, as the kernel's ``p <= q`` says.
    place = step + torch.searchsorted(moved, wide)
    errors = torch.empty((count, 2, 2, size), dtype=a.dtype, device=a.device)
    for end, passed in enumerate((step, 2 * size - step)):
        of_a = torch.searchsorted(place, passed.expand(count, 2, -1).contiguous())
        left, right = _stood(of_a, passed, end)
        errors[:, :, end] = (wide.gather(2, left) - moved.gather(2, right)).abs_()
    error, walk, along = _first_seen(errors.view(count, 4, size))
    end = walk % 2
    passed = torch.where(end == 0, along, 2 * size - along)
    own = place.gather(1, (walk // 2).view(-1, 1, 1).expand(-1, 1, size)).squeeze(1)
    of_a = (own < passed.unsqueeze(1)).sum(dim=1)
    left, right = _stood(of_a, passed, end)
    return Seen(error, left, right, walk >= 2)


def _stood(of_a: Tensor, passed: Tensor, end: Tensor | int) -> tuple[Tensor, Tensor]:
    """Where a walk stands in both lists: at the next two sums, or, from the high end, at the last two."""
    return of_a - end, passed - of_a - end


def _first_seen(errors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Least distance of four walks ``(B, 4, S)``, and walk and step that come to it first: block, walk, step."""
    count, walks, size = errors.shape
    steps = min(size, BLOCK)
    ordered = errors.view(count, walks, size // steps, steps).transpose(1, 2).reshape(count, -1)
    best = ordered.amin(dim=1)
    found = first(ordered == best.unsqueeze(1))
    block, rest = found // (walks * steps), found % (walks * steps)
    return best, rest // steps, block * steps + rest % steps
