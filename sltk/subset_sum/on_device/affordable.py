r"""Least ``alpha |z - sum| + sum of costs`` within a tolerance, among the samples that an optimum can afford.

``kernels.affordable`` has the lemma: a subset that contains sample i has an objective of at least ``LB_i``. So the best
subset of the K samples of least ``LB`` is the best of all if it costs less than the next ``LB``. The K samples are laid
out in two lists of ``2^(K/2)`` sums, and all pairs are compared, or, where these are many, each sum with the best of
those that it can be within the tolerance with (``windows``); so every row does the same work.

Which of several best subsets that kernel takes depends on lists that no other program has. An answer is therefore given
only where there is one: all other subsets are dearer by more than all rounding, or out of the tolerance by more than
that, and the contract of ``solve`` leaves the kernel no other choice. What is left open goes to the kernel itself.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sltk.subset_sum.kernels.affordable import LARGEST, SMALLEST
from sltk.subset_sum.on_device import windows
from sltk.subset_sum.on_device.batch import Batch
from sltk.subset_sum.on_device.sums import at, bits, first, sums_by_code

ROUNDS = (8, 12, 16, 22, 28)  # samples that are looked at: each round is for what the one before has left open
ALL_PAIRS = 16  # samples up to which all pairs are compared
MARGIN = 8.0  # times the rounding that the contract allows an answer; both answers, and both bounds, carry some


def row_bytes(samples: int) -> float:
    """Memory that one problem takes in a round of ``samples``."""
    return 56.0 * 2**samples if samples <= ALL_PAIRS else windows.row_bytes(samples)


@dataclass(frozen=True)
class Answers:
    """What came of a batch.

    Attributes:
        mask: ``(B, n)`` uint8.
        found: ``(B,)`` whether there is a subset within the tolerance, where that was decided.
        open: ``(B,)`` what was not decided.
    """

    mask: Tensor
    found: Tensor
    open: Tensor


@dataclass(frozen=True)
class _Aim:
    """By row ``(B, 1)``: target, tolerance, price of a unit of error, least price of a sample's unit, rounding."""

    z: Tensor
    eps: Tensor
    alpha: Tensor
    s: Tensor
    cost_slack: Tensor
    error_slack: Tensor

    def bound(self, cost: Tensor, rest: Tensor) -> Tensor:
        """``LB`` of the subsets with a part that costs ``cost`` and leaves ``rest`` to reach."""
        size = rest.abs()
        least = torch.minimum(self.s, self.alpha) * torch.minimum(size, self.eps)
        return cost + least + self.s * (size - self.eps).clamp_min(0.0)


def settle(batch: Batch, samples: int) -> Answers:
    """The best subsets of the ``samples`` most affordable samples, where they are the best of all and alone in that."""
    x, costs = (v.expand(batch.count, -1) for v in (batch.pool, batch.prices()))
    aim, sane = _aim(batch, x, costs)
    # A zero that costs nothing is in no subset that a kernel takes; one that costs is a sample like any other.
    offered = (x != 0.0) | (costs > 0.0)
    bound = torch.where(offered, aim.bound(costs, aim.z - x), torch.inf)
    order, most = bound.argsort(dim=1), min(samples, batch.samples)
    chosen = order[:, :most].sort(dim=1).values
    price = torch.where(offered, costs, torch.inf).gather(1, chosen)
    search = _best_of_all_pairs if most <= ALL_PAIRS else _best_in_windows
    taken, one, best = search(batch, aim, x.gather(1, chosen), price)
    beyond = torch.full_like(best, torch.inf) if most == batch.samples else at(bound, order[:, most])
    whole = beyond == torch.inf
    within = best + MARGIN * aim.cost_slack.squeeze(1) < beyond
    found = best < torch.inf
    decided = one & sane & (whole | (found & within))
    mask = batch.empty_mask().scatter_(1, chosen, taken)
    return Answers(mask, found, ~decided)


def _aim(batch: Batch, x: Tensor, costs: Tensor) -> tuple[_Aim, Tensor]:
    """What is aimed at, and in which rows its numbers are of a size at which nothing under- or overflows."""
    size = x.abs()
    z, eps, alpha = (v.unsqueeze(1) for v in (batch.target, batch.eps, batch.alpha))
    s = torch.where(size > 0.0, costs / size, torch.inf).amin(dim=1, keepdim=True)
    sane = s < LARGEST
    s = torch.where(s > SMALLEST, s, 0.0)
    reach = z.abs() + size.sum(dim=1, keepdim=True)
    whole = (s + alpha) * reach + costs.sum(dim=1, keepdim=True)
    sane &= (whole > SMALLEST) & (whole < LARGEST) & (reach > SMALLEST) & (eps >= 0.0)
    rounding = (batch.samples + 8) * 2.0**-52
    return _Aim(z, eps, alpha, s, rounding * whole, rounding * reach), sane.squeeze(1)


def _best_of_all_pairs(_: Batch, aim: _Aim, pool: Tensor, price: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of all subsets of the chosen samples the best, ``(B, K)``; whether no other could be meant; its objective."""
    half = pool.shape[1] // 2
    (a, b), (m, w) = ((sums_by_code(v[:, :half]), sums_by_code(v[:, half:])) for v in (pool, price))
    error = ((aim.z - b).unsqueeze(2) - a.unsqueeze(1)).abs_().flatten(1)
    value = (m.unsqueeze(1) + w.unsqueeze(2)).flatten(1) + aim.alpha * error
    # What is within the tolerance but for rounding may count or not.
    value = torch.where(error <= aim.eps + MARGIN * aim.error_slack, value, torch.inf)
    best = value.amin(dim=1, keepdim=True)
    near = value <= best + MARGIN * aim.cost_slack
    place = first(value == best)
    surely = error.gather(1, place.unsqueeze(1)) <= aim.eps - MARGIN * aim.error_slack
    one = (alone(near).unsqueeze(1) & surely) | (best == torch.inf)
    return bits(place, pool.shape[1]), one.squeeze(1), best.squeeze(1)


def _best_in_windows(batch: Batch, aim: _Aim, pool: Tensor, price: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same over two sorted lists of sums."""
    eps = (aim.eps + MARGIN * aim.error_slack).squeeze(1)  # what is within it but for rounding may count or not
    part = replace(batch, pool=pool, costs=price)
    halves = windows.Halves(part)
    sides = windows.best_of_each(halves, eps, part.alpha, torch.full_like(eps, torch.inf))
    value, right = (torch.cat([side[k] for side in sides], dim=1) for k in (0, 2))
    best = value.amin(dim=1, keepdim=True)
    most = best + MARGIN * aim.cost_slack
    place = first(value == best).clamp_max(value.shape[1] - 1)
    left = place % halves.a.shape[1]
    # One sum of the left half has a best partner that may be meant, and that half has no other partner such.
    error = (halves.c - at(halves.a, left).unsqueeze(1)).abs()
    partners = at(halves.m, left).unsqueeze(1) + halves.w + aim.alpha * error
    near = (partners <= most) & (error <= eps.unsqueeze(1))
    partner = at(right, place)
    surely = at(error, partner) <= (aim.eps - MARGIN * aim.error_slack).squeeze(1)
    one = (alone(value <= most) & alone(near) & surely) | (best == torch.inf).squeeze(1)
    return windows.read_off(part, halves, torch.stack([left, partner], dim=1)), one, best.squeeze(1)


def alone(near: Tensor) -> Tensor:
    """Rows in which one subset, and no other, may be the best but for rounding."""
    return near.sum(dim=1) == 1
