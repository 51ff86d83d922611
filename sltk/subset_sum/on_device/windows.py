"""Least ``alpha |z - sum| + sum of costs`` within a tolerance: the subset that ``kernels.cheapest`` takes.

For each sum ``a`` of the left half the values ``c`` that the right half leaves to reach, and that are within the
tolerance of ``a``, are a window of an ascending list. That kernel slides it with a queue; here the least key of every
window is read from a table of the least keys of all runs of ``2^k`` places. Of equal keys both take the one nearer to
``a``, and of equal pairs the first ``a``.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from sltk.subset_sum.kernels.cheapest import LOW
from sltk.subset_sum.on_device.batch import Batch
from sltk.subset_sum.on_device.sums import at, bits, first, sorted_with, sums_by_code

Test = Callable[[Tensor, Tensor], Tensor]


def row_bytes(n: int) -> float:
    """Memory that one problem takes."""
    h = n - n // 2
    return 2.0**h * (8 * h + 256)


class Halves:
    """Sorted sums and costs of the left half, and the values that the right half leaves to reach, with their costs."""

    def __init__(self, batch: Batch) -> None:
        x, costs = batch.pool, batch.prices()
        h, rows = x.shape[1] - x.shape[1] // 2, batch.count
        zero = torch.zeros_like(x[:, :1])
        self.a, self.m = (v.expand(rows, -1).contiguous() for v in sorted_with(x[:, :h], costs[:, :h], zero))
        self.b, self.w = (v.expand(rows, -1).contiguous() for v in sorted_with(-x[:, h:], costs[:, h:], zero))
        self.c = self.b + batch.target.unsqueeze(1)

    def take(self, rows: Tensor) -> "Halves":
        """The rows ``rows``."""
        part = object.__new__(Halves)
        for name, values in vars(self).items():
            setattr(part, name, values[rows])
        return part


def cheapest(batch: Batch) -> tuple[Tensor, Tensor]:
    """Best subsets within the tolerance, ``(B, n)`` uint8, and which targets have one."""
    halves, h = Halves(batch), batch.samples - batch.samples // 2
    costs = batch.prices()[:, :h].expand(batch.count, -1)
    mean, deviation = _spread(costs)
    best = torch.full_like(batch.target, torch.inf)
    place = torch.zeros((batch.count, 2), dtype=torch.int64, device=best.device)
    left = torch.arange(batch.count, device=best.device)
    for guess in (mean - LOW * deviation, mean, torch.full_like(mean, torch.inf)):
        if not left.numel():
            break
        value, where = _best_pair(halves.take(left), batch.eps[left], batch.alpha[left], guess[left])
        best[left], place[left] = value, where
        left = left[~(value <= guess[left])]
    return read_off(batch, halves, place), best < torch.inf


def _spread(costs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the cost over all subsets, added up as the kernel does."""
    total, squares = torch.zeros_like(costs[:, 0]), torch.zeros_like(costs[:, 0])
    for k in range(costs.shape[1]):
        total, squares = total + costs[:, k], squares + costs[:, k] * costs[:, k]
    return 0.5 * total, 0.5 * squares.sqrt()


def _best_pair(halves: Halves, eps: Tensor, alpha: Tensor, most: Tensor) -> tuple[Tensor, Tensor]:
    """Least objective among sums that cost at most ``most`` each, and the places of the two sums."""
    (best, error, place), (other, distance, elsewhere) = (
        _first_best(*side) for side in best_of_each(halves, eps, alpha, most)
    )
    above = (other < best) | ((other == best) & (distance < error))
    return torch.where(above, other, best), torch.where(above.unsqueeze(1), elsewhere, place)


def best_of_each(halves: Halves, eps: Tensor, alpha: Tensor, most: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """For each sum of the left half the best value at or below it, and above it: objective, error, place, ``(B, L)``.

    Objectives are infinite where there is none within the tolerance among the sums that cost at most ``most``.
    """
    a, m, c, w = halves.a, halves.m, halves.c, halves.w
    eps, alpha, most = eps.unsqueeze(1), alpha.unsqueeze(1), most.unsqueeze(1)
    upto = torch.searchsorted(c, a, right=True)  # values at or below each sum
    low = _first_where(c, a, upto, lambda value, sum_: sum_ - value <= eps, ascending=True)
    high = _first_where(c, a, upto, lambda value, sum_: ~(value - sum_ <= eps), ascending=False)
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for sign, start, stop in ((-1.0, low, upto), (1.0, upto, high)):
        key = torch.where(w <= most, w + sign * (alpha * c), torch.inf)
        right = _least_of_runs(key, start, stop, last=sign < 0)
        there = (start < stop) & (key.gather(1, right) < torch.inf) & (m <= most)
        error = sign * (c.gather(1, right) - a)
        value = torch.where(there, m + w.gather(1, right) + alpha * error, torch.inf)
        found.append((value, error, right))
    return found


def _first_where(c: Tensor, a: Tensor, upto: Tensor, holds: Test, ascending: bool) -> Tensor:
    """The first place of ``c`` from which on ``holds(c, a)``, searched below ``upto`` or from there on."""
    zero, end = torch.zeros_like(upto), torch.full_like(upto, c.shape[1])
    low, high = (zero, upto) if ascending else (upto, end)
    for _ in range(c.shape[1].bit_length()):
        middle = (low + high) // 2
        true = holds(c.gather(1, middle.clamp_max(c.shape[1] - 1)), a)
        done = low >= high
        low, high = torch.where(true | done, low, middle + 1), torch.where(true & ~done, middle, high)
    return low


def _least_of_runs(key: Tensor, start: Tensor, stop: Tensor, last: bool) -> Tensor:
    """Place of the least key in each ``[start, stop)``: the ``last`` of equal ones, or the first; any where empty."""
    size = key.shape[1]
    least = torch.arange(size, device=key.device).expand(key.shape).contiguous()
    length = (stop - start).clamp_min(1)
    level = torch.frexp(length.to(torch.float64)).exponent.to(torch.int64) - 1
    found = torch.zeros_like(start)
    for k in range(size.bit_length()):
        here = level == k
        one = least.gather(1, start.clamp_max(least.shape[1] - 1))
        other = least.gather(1, (start + length - (1 << k)).clamp(0, least.shape[1] - 1))
        found = torch.where(here, _lesser(key, one, other, last), found)
        if least.shape[1] > 1 << k:
            least = _lesser(key, least[:, : -(1 << k)], least[:, 1 << k :], last)
    return found


def _lesser(key: Tensor, one: Tensor, other: Tensor, last: bool) -> Tensor:
    """Of two places, the second one to the right, that of the lesser key."""
    u, v = key.gather(1, one), key.gather(1, other)
    return torch.where(v <= u if last else v < u, other, one)


def _first_best(value: Tensor, error: Tensor, right: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Least value, then least error, then the first sum: value, error, and the places of both sums, by row."""
    best = value.amin(dim=1)
    tied = value == best.unsqueeze(1)
    least = torch.where(tied, error, torch.inf).amin(dim=1)
    place = first(tied & (error == least.unsqueeze(1))).clamp_max(value.shape[1] - 1)
    return best, least, torch.stack([place, at(right, place)], dim=1)


def read_off(batch: Batch, halves: Halves, place: Tensor) -> Tensor:
    """The subsets with the sums and costs at ``place``, of smallest code where several have both."""
    h, mask = batch.samples - batch.samples // 2, batch.empty_mask()
    x, costs = batch.pool, batch.prices()
    sides = (
        (slice(0, h), x[:, :h], halves.a, halves.m, place[:, 0]),
        (slice(h, batch.samples), -x[:, h:], halves.b, halves.w, place[:, 1]),
    )
    for part, own, sums, cost, there in sides:
        same = sums_by_code(own) == at(sums, there).unsqueeze(1)
        same &= sums_by_code(costs[:, part]) == at(cost, there).unsqueeze(1)
        mask[:, part] = bits(first(same), own.shape[1])
    return mask
