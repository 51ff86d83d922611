"""All objectives on one device, in pieces that its memory holds; the parts are those of ``MeetInTheMiddle``."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from sltk.subset_sum.kernels.shared_pool import LARGEST
from sltk.subset_sum.on_device import affordable, fewest, least_error, shared_pool, windows
from sltk.subset_sum.on_device.affordable import Answers
from sltk.subset_sum.on_device.batch import Batch, pieces

PAIRED = 22  # samples up to which all pairs of two half sums may be compared
WHOLE = 14  # samples from which on ``kernels.affordable`` gives up where no sample costs anything

Search = Callable[[Batch], tuple[Tensor, Tensor]]
MakeTable = Callable[[Tensor], tuple[Tensor, Tensor]]


def answered(
    batch: Batch, memory: float, smallest: int, pairs: Search | None = None, table: MakeTable | None = None
) -> Answers:
    """The subsets that the compiled kernels take, and which rows are open because only these know which they take.

    Args:
        batch: problems on a device.
        memory: in bytes, of what is laid out at a time; a single row may need more.
        smallest: size of the pools from which on costs are searched by what the optimum can afford.
        pairs: what searches least errors of pools of their own first, and says which it has answered.
        table: makes the table of one shared pool, in place of ``shared_pool.table``.
    """
    if batch.objective == "error":
        return Answers(_nearest(batch, memory, pairs, table), batch.flags(True), batch.flags(False))
    if batch.objective == "cardinality":
        return _decided(*_fewest(batch, memory))
    if batch.samples < smallest:
        return _decided(*_in_pieces(windows.cheapest, batch, windows.row_bytes(batch.samples), memory))
    return _affordable(batch, memory)


def _decided(mask: Tensor, found: Tensor) -> Answers:
    return Answers(mask, found, torch.zeros_like(found))


def _in_pieces(search: Search, batch: Batch, row: float, memory: float) -> tuple[Tensor, Tensor]:
    mask, found = batch.empty_mask(), batch.flags(False)
    for part in pieces(batch.count, row, memory):
        mask[part], found[part] = search(batch.take(part))
    return mask, found


def _nearest(batch: Batch, memory: float, pairs: Search | None = None, table: MakeTable | None = None) -> Tensor:
    n, mask = batch.samples, batch.empty_mask()
    if pairs is not None and batch.pool.shape[0] == batch.count and 0 < n <= PAIRED:
        mask, one = pairs(batch)
        left = (~one).nonzero().squeeze(1)
        mask[left] = _nearest(batch.take(left), memory)
        return mask
    if batch.looked_up and n <= LARGEST and batch.count:
        sums, codes = (table or shared_pool.table)(batch.pool)
        for part in pieces(batch.count, 16.0 * n, memory):
            mask[part] = shared_pool.look_up(batch.take(part), sums, codes)
        return mask
    for part in pieces(batch.count, least_error.row_bytes(n), memory):
        mask[part] = least_error.nearest(batch.take(part))
    return mask


def _fewest(batch: Batch, memory: float) -> tuple[Tensor, Tensor]:
    mask, found = _in_pieces(fewest.fewest, batch, fewest.row_bytes(batch.samples), memory)
    left = (~found).nonzero().squeeze(1)
    if left.numel():
        rest = batch.take(left)
        priced = replace(rest, costs=torch.ones_like(rest.pool))
        mask[left], found[left] = _in_pieces(windows.cheapest, priced, windows.row_bytes(batch.samples), memory)
    return mask, found


def _affordable(batch: Batch, memory: float) -> Answers:
    mask, found, still = batch.empty_mask(), batch.flags(False), batch.flags(True)
    for samples in affordable.ROUNDS:
        for rows in torch.split(still.nonzero().squeeze(1), _rows(samples, memory)):
            got = affordable.settle(batch.take(rows), samples)
            mask[rows], found[rows], still[rows] = got.mask, got.found, got.open
        if samples >= batch.samples:
            break
    rows = (still & _free(batch)).nonzero().squeeze(1)
    if rows.numel():
        part = batch.take(rows)
        mask[rows], found[rows] = _in_pieces(windows.cheapest, part, windows.row_bytes(batch.samples), memory)
        still[rows] = False
    return Answers(mask, found, still)


def _rows(samples: int, memory: float) -> int:
    return max(1, int(memory / affordable.row_bytes(samples)))


def _free(batch: Batch) -> Tensor:
    """Rows in which nothing costs anything: the optimum can afford all samples, and whole lists are searched."""
    free = ((batch.prices() == 0.0) & (batch.pool != 0.0)).all(dim=1)
    return free.expand(batch.count) & (batch.samples >= WHOLE) & (batch.eps >= 0.0)
