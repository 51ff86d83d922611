"""N:M structure: of every ``m`` weights that follow each other along the input axis, exactly ``n`` are kept.

The input axis is axis 1 of a weight ``(out, in, ...)``: the inputs of a linear layer, the input channels of a
convolution, for each tap by itself. So 2:4 is what sparse tensor cores multiply, and what leaves is an ordinary dense
weight with zeros in it.

Source: Mishra et al. 2104.08378 (2:4); Zhou et al. 2102.04010 (N:M, from scratch), both remembered.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.canonical import Canonical
from sltk.train.pruning.choose import largest, require_density
from sltk.train.tickets.ticket import Ticket


def kept_of(density: float, m: int) -> int:
    """``n = density * m``.

    Raises:
        SltkError: groups of fewer than two, or a density that is no whole number of ``m``.
    """
    n = round(require_density(density) * m) if m >= 2 else 0
    if m < 2 or n < 1 or abs(n - density * m) > 1e-9 * m:
        raise SltkError(
            f"N:M keeps a whole number of every m >= 2 weights, but got density={density}, m={m}; 2:4 is density=0.5, "
            "m=4."
        )
    return n


def largest_of_groups(scores: Tensor, n: int, m: int) -> Tensor:
    """Mask of the ``n`` largest of every ``m`` along the input axis; of equal scores those with the lower index.

    Args:
        scores: ``(replicas, out, in, ...)``; ``-inf`` where a weight is out for good.
        n: ``1 <= n <= m``.
        m: divides ``in``.

    Returns:
        Bool, of the same shape; a group of which fewer than ``n`` are left keeps those.
    """
    moved = scores.movedim(2, -1)
    rows = moved.reshape(-1, m)
    kept = largest(rows, n) & (rows > -torch.inf)
    return kept.view(moved.shape).movedim(-1, 2).contiguous()


def obeys(weight: Tensor, n: int, m: int) -> bool:
    """Whether at most ``n`` of every ``m`` numbers along the input axis of ``weight``, ``(out, in, ...)``, are not 0.

    Raises:
        SltkError: ``m`` does not divide the input axis.
    """
    if weight.ndim < 2 or weight.shape[1] % m:
        raise SltkError(f"m={m} must divide the input axis, but the weight has shape {tuple(weight.shape)}.")
    groups = (weight != 0).movedim(1, -1).unflatten(-1, (-1, m))
    return bool((groups.sum(-1) <= n).all())


def choose_n_of_m(tickets: Mapping[str, Ticket], scores: Mapping[str, Tensor], density: float, m: int) -> dict:
    """Masks by name, ``n = density * m`` of every ``m``.

    Raises:
        SltkError: no whole ``n``; a basis in which the mask is none of weights; or an input axis that ``m`` does not
            divide.
    """
    n = kept_of(density, m)
    for name, ticket in tickets.items():
        shape = tuple(ticket.mask.shape[1:])
        if not isinstance(ticket.basis, Canonical):
            raise SltkError(
                f"N:M is a structure of weights, but {name!r} has coefficients in the basis "
                f"{type(ticket.basis).__name__}; take the canonical one."
            )
        if len(shape) < 2 or shape[1] % m:
            raise SltkError(
                f"m={m} must divide the input axis of {name!r}, which has shape {shape}; leave that layer dense, with "
                f"dense=({name!r},) of the scope."
            )
    return {name: largest_of_groups(scores[name], n, m) for name in tickets}
