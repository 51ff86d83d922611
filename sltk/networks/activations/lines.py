"""Lines above and below an activation on an interval, and above and below the difference of two of its values.

For a slope s, ``phi(x) - s x`` on ``[a, b]`` with slopes of phi in ``[m, M]`` is at most ``max`` of its values at both
ends and, for any t in between, of ``phi(a) + M (t - a) - s t`` and ``phi(b) - m (b - t) - s t``: up to t phi lies below
the line of slope M from a, behind it below that of slope m to b, and each is monotone. The interval is cut at kinks and
into cells, so that this is exact for pieces of lines, and off by ``(M - m) (b - a)/4`` of a cell else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import torch
from torch import Tensor

from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.line_kernel import lowest_lines
from sltk.networks.relaxed import Lines

CELLS = 12
BLOCK = 2**13  # entries
ROUNDING = 2.0**-46  # relative: a dozen operations in float64


def activation_lines(phi: Activation, x: Interval) -> Lines:
    """Lines that enclose ``phi`` on ``x``, entry by entry: of a few slopes those that are closest in the middle."""
    return _blockwise(lambda part: _lines(phi, part), x).charged(x.magnitude)


def _blockwise(found: Callable[..., Lines], *intervals: Interval) -> Lines:
    """Lines of intervals of one shape, as many entries at a time as a cache holds with all that is computed of them."""
    shape = intervals[0].low.shape
    flat = [(x.low.flatten(), x.high.flatten()) for x in intervals]
    parts = [
        found(*(Interval(low[first : first + BLOCK], high[first : first + BLOCK]) for low, high in flat))
        for first in range(0, max(1, len(flat[0][0])), BLOCK)
    ]
    lines = ((part.slope_low, part.low, part.slope_high, part.high) for part in parts)
    return Lines(*(torch.cat(one).reshape(shape) for one in zip(*lines, strict=True)))


def _lines(phi: Activation, x: Interval) -> Lines:
    edges = _edges(phi, x)
    low, high = phi.range(edges, edges)
    least, most = phi.slopes(edges[:-1], edges[1:])
    middle = (x.low + x.high) / 2
    slopes = _slopes(edges, (low + high) / 2)
    above = [_above(edges, high, least, most, s) for s in slopes]
    below = [-_above(edges, -low, -most, -least, -s) for s in slopes]
    best_above = torch.stack([s * middle + t for s, t in zip(slopes, above, strict=True)]).argmin(0, keepdim=True)
    best_below = torch.stack([s * middle + t for s, t in zip(slopes, below, strict=True)]).argmax(0, keepdim=True)
    steep = torch.stack(slopes)
    upper = (steep.gather(0, best_above)[0], torch.stack(above).gather(0, best_above)[0])
    lower = (steep.gather(0, best_below)[0], torch.stack(below).gather(0, best_below)[0])
    return Lines(*lower, *upper)


def _edges(phi: Activation, x: Interval) -> Tensor:
    """``(cells + 1, *shape)``, rising from ``low`` to ``high``."""
    straight = phi.profile is not None and phi.profile.straight
    shares = torch.linspace(0, 1, 2 if straight else CELLS + 1, dtype=torch.float64)
    grid = [torch.minimum(x.low + float(share) * (x.high - x.low), x.high) for share in shares[:-1]]
    grid += [x.high, *(torch.minimum(torch.maximum(torch.full_like(x.low, kink), x.low), x.high) for kink in phi.kinks)]
    return torch.stack(grid).sort(0).values


def _slopes(edges: Tensor, values: Tensor) -> list[Tensor]:
    """Of the whole chord, of the first and the last part of the curve, and between."""

    def chord(i: int, j: int) -> Tensor:
        width = edges[j] - edges[i]
        return torch.where(width > 0, (values[j] - values[i]) / width, torch.zeros_like(width))

    wide = edges[1:] > edges[:-1]
    cells = torch.stack([chord(k, k + 1) for k in range(len(edges) - 1)])
    first = cells.gather(0, wide.int().argmax(0, keepdim=True))[0]
    last = cells.flip(0).gather(0, wide.flip(0).int().argmax(0, keepdim=True))[0]
    whole = chord(0, -1)
    return [whole, first, last, (whole + first) / 2, (whole + last) / 2]


def _above(edges: Tensor, high: Tensor, least: Tensor, most: Tensor, s: Tensor) -> Tensor:
    """Upper bound of ``phi(x) - s x`` over all cells, from upper bounds of phi at the edges and of its slopes."""
    a, b = edges[:-1], edges[1:]
    width, spread = b - a, most - least
    t = torch.where(spread > 0, (high[1:] - high[:-1] - least * width) / spread, torch.zeros_like(width))
    t = torch.minimum(torch.maximum(t, torch.zeros_like(t)), width)
    inner = torch.maximum(high[:-1] + most * t, high[1:] - least * (width - t)) - s * (a + t)
    top = torch.maximum((high - s * edges).amax(0), inner.amax(0))
    size = high.abs().amax(0) + edges.abs().amax(0) * (s.abs() + torch.maximum(most.abs(), least.abs()).amax(0))
    return top + ROUNDING * size


@dataclass(frozen=True)
class _Core:
    """A part of the line on which phi has slopes in ``[least, most]``; outside they are the hull's.

    For ``d > 0`` the way from ``y - d`` to y has a length of at most ``low + high`` outside, each bounded by how far
    the ticket can be below the part and the target above it; so ``phi(y) - phi(y - d) <= most d + over_right``, where
    ``over_right`` is that length times what the hull's largest slope exceeds ``most`` by, and likewise for the
    others.
    """

    least: Tensor
    most: Tensor
    over_left: Tensor
    over_right: Tensor


def difference_lines(phi: Activation, target: Interval, ticket: Interval, d: Interval) -> Lines:
    """Lines that enclose ``phi(y) - phi(y - d)`` for y in ``target``, ``y - d`` in ``ticket``.

    With slopes of phi in ``[m, M]`` over the hull of both it is ``kappa d`` with ``m <= kappa <= M``, so between the
    convex ``max(m d, M d)`` and the concave ``min(m d, M d)``. Where a kink is close to an end of the hull, the
    slopes of one piece and the length by which the hull leaves it say more. For a few slopes the best of all
    constants is taken, and of the lines the one that is closest in the middle of d.
    """
    ends = torch.broadcast_tensors(target.low, target.high, ticket.low, ticket.high, d.low, d.high)
    wide = [Interval(ends[k], ends[k + 1]) for k in (0, 2, 4)]
    return _blockwise(lambda *parts: _difference_lines(phi, *parts), *wide).charged(d.magnitude)


def _difference_lines(phi: Activation, target: Interval, ticket: Interval, d: Interval) -> Lines:
    up_cores, down_cores = _cores(phi, target, ticket)
    magnitude = torch.stack([core.most.abs().maximum(core.least.abs()) for core in up_cores]).amax(0)
    slack = ROUNDING * (
        magnitude * 4 * d.magnitude + torch.stack([c.over_left + c.over_right for c in up_cores]).amax(0)
    )
    slope_high, high = _best(up_cores, d)
    slope_low, low = _best(down_cores, d)
    return Lines(-slope_low, -low - slack, slope_high, high + slack)


def _best(cores: Sequence[_Core], d: Interval) -> tuple[Tensor, Tensor]:
    """Slope and constant of the lowest line above, at the middle of d."""
    slope, constant = torch.empty_like(d.low), torch.empty_like(d.low)
    parts = [torch.stack([getattr(core, f.name) for core in cores]).numpy() for f in fields(_Core)]
    ends = (d.low.contiguous().numpy(), d.high.contiguous().numpy(), slope.numpy(), constant.numpy())
    lowest_lines(parts[0], parts[1], parts[2], parts[3], *ends)
    return slope, constant


def _cores(phi: Activation, target: Interval, ticket: Interval) -> tuple[list[_Core], list[_Core]]:
    """For ``phi(y) - phi(y - d)``, and for its negative as one of ``-phi``."""
    low, high = torch.minimum(target.low, ticket.low), torch.maximum(target.high, ticket.high)
    low, high, target_low, target_high, ticket_low, ticket_high = torch.broadcast_tensors(
        low, high, target.low, target.high, ticket.low, ticket.high
    )
    least, most = phi.slopes(low, high)
    nothing = torch.zeros_like(low)
    up, down = [_Core(least, most, nothing, nothing)], [_Core(-most, -least, nothing, nothing)]
    edges = (-torch.inf, *phi.kinks, torch.inf)
    for a, b in pairwise(edges if phi.kinks else ()):
        inner_low, inner_high = phi.slopes(low.clamp(a, b), high.clamp(a, b))
        inner_low, inner_high = inner_low.clamp(min=least), inner_high.clamp(max=most)
        right = (a - ticket_low).clamp(min=0) + (target_high - b).clamp(min=0)
        left = (a - target_low).clamp(min=0) + (ticket_high - b).clamp(min=0)
        up.append(_Core(inner_low, inner_high, (inner_low - least) * left, (most - inner_high) * right))
        down.append(_Core(-inner_high, -inner_low, (most - inner_high) * left, (inner_low - least) * right))
    return up, down
