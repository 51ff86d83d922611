"""Subset sums of many rows at once, with the roundings that the merges of the compiled kernels make."""

import torch
from torch import Tensor


def sums_by_code(x: Tensor) -> Tensor:
    """All sums of each row, ``(..., k) -> (..., 2^k)``: bit ``t`` of a place is sample ``t``, added in index order."""
    sums = torch.zeros((*x.shape[:-1], 1), dtype=x.dtype, device=x.device)
    for k in range(x.shape[-1]):
        sums = torch.cat([sums, sums + x[..., k : k + 1]], dim=-1)
    return sums


def merged_places(source: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
    """Places ``(R, S)`` of two ascending lists in their merged one; of equal numbers those of ``source`` come first."""
    index = torch.arange(source.shape[-1], device=source.device)
    return index + torch.searchsorted(moved, source), index + torch.searchsorted(source, moved, right=True)


def sorted_with(x: Tensor, tags: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """All sums of each row, ascending, with what travels with them; equal sums in the order of the kernels' merges.

    Args:
        x: ``(R, k)``.
        tags: ``(R, k)`` by how much a tag grows with each sample: its cost, or its bit.
        start: ``(R, 1)`` tag of the empty sum.

    Returns:
        Sums and tags, ``(R, 2^k)``.
    """
    sums, tag = torch.zeros((x.shape[0], 1), dtype=x.dtype, device=x.device), start
    for k in range(x.shape[1]):
        moved = sums + x[:, k : k + 1]
        places = torch.cat(merged_places(sums, moved), dim=1)
        values = torch.cat([sums, moved], dim=1)
        grown = torch.cat([tag, tag + tags[:, k : k + 1]], dim=1)
        sums = torch.empty_like(values).scatter_(1, places, values)
        tag = torch.empty_like(grown).scatter_(1, places, grown)
    return sums, tag


def first(flags: Tensor) -> Tensor:
    """Place of the first true one of each row, ``(..., S) -> (...)``; ``S`` where there is none."""
    size = flags.shape[-1]
    index = torch.arange(size, device=flags.device)
    return torch.where(flags, index, size).amin(dim=-1)


def at(values: Tensor, place: Tensor) -> Tensor:
    """``values[r, place[r]]`` of each row."""
    return values.gather(-1, place.unsqueeze(-1)).squeeze(-1)


def bits(code: Tensor, count: int) -> Tensor:
    """The ``count`` lowest bits of each code, ``(B,) -> (B, count)`` uint8."""
    return (code.unsqueeze(-1) >> torch.arange(count, device=code.device) & 1).to(torch.uint8)
