"""Exact counts: which coefficients are kept, by (score, index), never by comparing with a threshold."""

import torch
from torch import Tensor

from sltk.core.errors import SltkError


def require_density(density: float) -> float:
    """``density`` as a float.

    Raises:
        SltkError: not in ``(0, 1]``.
    """
    if not 0.0 < density <= 1.0:
        raise SltkError(f"density is the kept fraction, in (0, 1], but got {density}; to keep a fifth, pass 0.2.")
    return float(density)


def keep_count(density: float, total: int) -> int:
    """``max(1, round(density * total))``: to keep .8 of 100 keeps 80."""
    return max(1, round(require_density(density) * total))


def require_numbers(scores: Tensor) -> None:
    """Refuse scores that are not numbers; it waits for the device, so it is asked outside steps of training alone.

    Raises:
        SltkError: a score is not a number.
    """
    if torch.isnan(scores).any():
        raise SltkError("a score is not a number; did training diverge? Lower the rate.")


def largest(scores: Tensor, count: int, *, checked: bool = True) -> Tensor:
    """Mask of the ``count`` largest of every row; of equal scores those with the lower index.

    Args:
        scores: ``(replicas, n)``.
        count: ``1 <= count <= n``.
        checked: whether scores that are not numbers are refused; see ``require_numbers``.

    Returns:
        ``(replicas, n)`` bool, exactly ``count`` true in every row.

    Raises:
        SltkError: a count out of range, or a score that is not a number.
    """
    n = scores.shape[-1]
    if not 1 <= count <= n:
        raise SltkError(f"count must satisfy 1 <= count <= {n}, the number of scores, but got {count}.")
    if checked:
        require_numbers(scores)
    least = _in_order(scores, n - count)
    above, level = scores > least, scores == least
    left = count - above.sum(-1, keepdim=True)
    return above | (level & (level.cumsum(-1) <= left))


def _in_order(scores: Tensor, place: int) -> Tensor:
    """The score at ``place`` of each row in rising order, ``(replicas, 1)``."""
    if scores.device.type == "cpu":
        return torch.kthvalue(scores, place + 1, dim=-1, keepdim=True).values
    return scores.sort(dim=-1).values[..., place : place + 1]  # kthvalue gives a whole row to one block of threads


def largest_groups(scores: Tensor, sizes: Tensor, budget: int, *, checked: bool = True) -> Tensor:
    """Mask of the groups of largest score that fit ``budget`` one after the other; the first always stays.

    Args:
        scores: ``(replicas, groups)``.
        sizes: ``(groups,)`` int64, numbers in each group, on the device of the scores.
        budget: numbers to keep at most.
        checked: see ``largest``.

    Returns:
        ``(replicas, groups)`` bool; with all sizes 1 it equals ``largest``.
    """
    if checked:
        require_numbers(scores)
    order = scores.sort(dim=-1, descending=True, stable=True).indices
    fits = sizes[order].cumsum(-1) <= budget
    fits[..., 0] = True
    alive = scores.gather(-1, order) > -torch.inf
    return torch.zeros_like(fits).scatter(-1, order, fits & alive)
