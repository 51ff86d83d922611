"""Where coefficients compete for a place: over all layers, or each layer for itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.pruning.choose import keep_count, largest, largest_groups, require_density
from sltk.train.pruning.n_of_m import choose_n_of_m
from sltk.train.tickets.ticket import Ticket

ScopeKind = Literal["global", "layerwise", "erk", "n:m"]


@dataclass(frozen=True)
class Scope:
    """How a density is spread.

    Args:
        kind: ``global``: one ranking over all layers; ``layerwise``: the same density in each; ``erk``: densities in
            proportion to ``(sum of the axes) / (product of the axes)``, none above 1, with the asked density over all;
            ``n:m``: the same number of every ``m`` neighbours along the input axis (``sltk.train.pruning.n_of_m``).
        dense_first: leave the first layer dense; it is then counted in no density.
        dense_last: the same for the last layer.
        m: of ``n:m``; a density of .5 and ``m=4`` are 2:4.
        dense: names of further layers that are left dense, such as ``0.weight``.
    """

    kind: ScopeKind = "global"
    dense_first: bool = False
    dense_last: bool = False
    m: int = 4
    dense: tuple[str, ...] = ()

    def covered(self, names: list[str]) -> list[str]:
        """Names of the layers that are pruned.

        Raises:
            SltkError: an unknown kind or name, or no layer is left.
        """
        scope_kind(self.kind)
        if unknown := sorted(set(self.dense) - set(names)):
            raise SltkError(f"the scope leaves {unknown} dense, but the layers are {names}; take their names.")
        left = names[int(self.dense_first) : len(names) - int(self.dense_last)]
        left = [name for name in left if name not in self.dense]
        if not left:
            raise SltkError(f"the scope leaves no layer to prune of {names}; leave fewer of them dense.")
        return left


def scope_kind(kind: str) -> ScopeKind:
    """``kind`` as the word that it is.

    Raises:
        SltkError: an unknown kind.
    """
    for known in get_args(ScopeKind):
        if kind == known:
            return known
    raise SltkError(f"a scope is global, layerwise, erk or n:m, but got {kind!r}.")


GLOBAL, LAYERWISE, ERK = Scope("global"), Scope("layerwise"), Scope("erk")


def counts(scope: Scope, shapes: Mapping[str, tuple[int, ...]], density: float) -> dict[str, int]:
    """Coefficients to keep in each covered layer under ``layerwise`` or ``erk``; they add up to the asked total.

    The total is ``keep_count(density, all)`` under ``erk``; under ``layerwise`` each layer is rounded for itself.
    """
    names = scope.covered(list(shapes))
    sizes = {name: math.prod(shapes[name]) for name in names}
    if scope.kind != "erk":
        return {name: keep_count(density, sizes[name]) for name in names}
    shares = erk_densities({name: shapes[name] for name in names}, density)
    return _rounded({name: shares[name] * sizes[name] for name in names}, sizes, density)


def erk_densities(shapes: Mapping[str, tuple[int, ...]], density: float) -> dict[str, float]:
    """Erdos-Renyi-kernel densities; a layer that would pass 1 is dense, and the others share what is left.

    Source: Evci et al. 1911.11134, appendix (remembered).
    """
    require_density(density)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    raw = {name: sum(shape) / sizes[name] for name, shape in shapes.items()}
    dense: set[str] = set()
    while True:
        left = density * sum(sizes.values()) - sum(sizes[name] for name in dense)
        open_mass = sum(raw[name] * sizes[name] for name in sizes if name not in dense)
        factor = left / open_mass if open_mass else 0.0
        over = {name for name in sizes if name not in dense and factor * raw[name] > 1.0}
        if not over:
            return {name: 1.0 if name in dense else factor * raw[name] for name in sizes}
        dense |= over


def choose(
    scope: Scope, tickets: Mapping[str, Ticket], scores: Mapping[str, Tensor], density: float, *, checked: bool = True
) -> dict:
    """New masks, exact in count: ``density`` of the numbers of each weight, or of all covered weights together.

    Args:
        scope: where they compete.
        tickets: by name, with a leading replica axis.
        scores: by name, of the shape of the coefficients; ``-inf`` where a coefficient is out for good.
        density: kept fraction of the weights' numbers. A basis with groups keeps the largest number of whole groups,
            in order of score, that fits.
        checked: whether scores that are not numbers are refused, for which the device is waited for.

    Returns:
        Masks of the covered layers by name, of the shape of the coefficients.
    """
    names = scope.covered(list(tickets))
    if scope.kind == "n:m":
        return choose_n_of_m({name: tickets[name] for name in names}, scores, density, scope.m)
    shapes = {name: weight_shape(tickets[name]) for name in names}
    if scope.kind == "global":
        budget = keep_count(density, sum(math.prod(shape) for shape in shapes.values()))
        return _ranked({name: tickets[name] for name in names}, scores, budget, checked)
    masks: dict[str, Tensor] = {}
    for name, budget in counts(scope, {n: weight_shape(t) for n, t in tickets.items()}, density).items():
        masks |= _ranked({name: tickets[name]}, scores, budget, checked)
    return masks


def weight_shape(ticket: Ticket) -> tuple[int, ...]:
    """Shape of one replica's weight, of a ticket with a leading replica axis."""
    own = getattr(ticket.basis, "shape", None)
    return tuple(ticket.mask.shape[1:]) if own is None else tuple(own)


def group_scores(ticket: Ticket, scores: Tensor) -> Tensor:
    """``(replicas, groups)``: the norm of the scores of each group, or the scores themselves; ``-inf`` stays."""
    groups = ticket.basis.groups
    if not groups:
        return scores.flatten(1)
    out = (scores == -torch.inf).all(groups[0], keepdim=True)
    for axis in groups[1:]:
        out = out.all(axis, keepdim=True)
    finite = torch.where(scores == -torch.inf, 0.0, scores)
    norms = torch.linalg.vector_norm(finite, dim=groups, keepdim=True)
    return torch.where(out, -torch.inf, norms).flatten(1)


def _ranked(tickets: dict[str, Ticket], scores: Mapping[str, Tensor], budget: int, checked: bool) -> dict[str, Tensor]:
    rows = [group_scores(ticket, scores[name]) for name, ticket in tickets.items()]
    joined = torch.cat(rows, 1)
    if any(ticket.basis.groups for ticket in tickets.values()):
        sizes = [ticket.mask[0].numel() // row.shape[1] for ticket, row in zip(tickets.values(), rows, strict=True)]
        widths = torch.cat(
            [torch.full((row.shape[1],), n, device=row.device) for n, row in zip(sizes, rows, strict=True)]
        )
        kept = largest_groups(joined, widths, budget, checked=checked)
    else:
        kept = largest(joined, min(budget, joined.shape[1]), checked=checked) & (joined > -torch.inf)
    parts = kept.split([row.shape[1] for row in rows], 1)
    return {name: spread(ticket, part) for (name, ticket), part in zip(tickets.items(), parts, strict=True)}


def spread(ticket: Ticket, kept: Tensor) -> Tensor:
    """A decision for each group, ``(replicas, groups)``, as a mask ``(replicas, ...)``."""
    shape = [kept.shape[0], *ticket.mask.shape[1:]]
    full = list(shape)
    for axis in ticket.basis.groups:
        shape[axis] = 1
    return kept.reshape(shape).expand(full).clone()


def _rounded(wanted: dict[str, float], sizes: dict[str, int], density: float) -> dict[str, int]:
    """Whole numbers that add up to the asked total: floors, then one more where the remainder is largest."""
    total = keep_count(density, sum(sizes.values()))
    found = {name: min(sizes[name], max(1, math.floor(value))) for name, value in wanted.items()}
    order = sorted(wanted, key=lambda name: -(wanted[name] - math.floor(wanted[name])))
    while sum(found.values()) < total:
        for name in order:
            if sum(found.values()) < total and found[name] < sizes[name]:
                found[name] += 1
    return found
