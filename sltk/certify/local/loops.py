"""The passes over a stage's entries, by compiled loops or by torch's operations: the same numbers bit for bit.

Compiled loops take each entry once, on the CPU. Torch's operations make the same roundings in the same order, a
temporary each, on any device.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.local import kernels
from sltk.certify.local.kernels import ROOM, TINY

Two = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Loops:
    """The three passes.

    Attributes:
        centred: ``(low, high, share)``, of one shape, to middles and sizes.
        joined: ``(centre, radius, swelling, bias, slack)``, ``(n, rows, positions)`` and ``(rows,)``, to both ends.
        half_lines: ``(target, difference, right, left)``, ends ``(n, entries)`` and ``(n, copies, entries)``, to the
            ends of differences and of the ticket.
    """

    centred: Callable[[Tensor, Tensor, float], Two]
    joined: Callable[[Tensor, Tensor, float, Tensor, Tensor], Two]
    half_lines: Callable[[Two, Two, float, float], tuple[Tensor, Tensor, Tensor, Tensor]]


def _centred(low: Tensor, high: Tensor, share: float) -> Two:
    centre, size = torch.empty_like(low), torch.empty_like(low)
    kernels.centred(low.numpy().ravel(), high.numpy().ravel(), share, centre.numpy().ravel(), size.numpy().ravel())
    return centre, size


def _joined(centre: Tensor, radius: Tensor, swelling: float, bias: Tensor, slack: Tensor) -> Two:
    low, high = torch.empty_like(centre), torch.empty_like(centre)
    ends = low.numpy(), high.numpy()
    kernels.joined(centre.numpy(), radius.numpy(), swelling, bias.numpy(), slack.numpy(), *ends)
    return low, high


def _half_lines(target: Two, difference: Two, right: float, left: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    (a, b), (p, q) = target, difference
    found = torch.empty_like(p), torch.empty_like(p), torch.empty_like(p), torch.empty_like(p)
    given = a.numpy(), b.numpy(), p.numpy(), q.numpy()
    kernels.half_lines(*given, right, left, *(part.numpy() for part in found))
    return found


COMPILED = Loops(_centred, _joined, _half_lines)


def _some(size: Tensor) -> Tensor:
    """``TINY`` where ``size`` is not 0; in float64, which a number of Python times flags would not be."""
    return torch.where(size != 0.0, TINY, torch.zeros_like(size))


def _torch_centred(low: Tensor, high: Tensor, share: float) -> Two:
    centre = 0.5 * low + 0.5 * high
    size = torch.maximum(high - centre, centre - low) + share * centre.abs()
    return centre, size * (1.0 + ROOM) + _some(size)


def _torch_joined(centre: Tensor, radius: Tensor, swelling: float, bias: Tensor, slack: Tensor) -> Two:
    bias, slack = (part.to(centre.device)[:, None] for part in (bias, slack))
    wide = radius * swelling + slack + ROOM * (centre.abs() + bias.abs())
    wide = wide * (1.0 + ROOM) + _some(wide)
    moved = centre + bias
    return moved - wide, moved + wide


def _torch_half_lines(target: Two, difference: Two, right: float, left: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    (a, b), (p, q) = (target[0][:, None], target[1][:, None]), difference
    s = torch.where(q != 0.0, a - q - (ROOM * (a.abs() + q.abs()) + TINY), a - q)
    t = torch.where(p != 0.0, b - p + (ROOM * (b.abs() + p.abs()) + TINY), b - p)
    above, below = torch.minimum(a, s) >= 0.0, torch.maximum(b, t) <= 0.0
    ends = torch.full_like(p, max(right, left)), torch.full_like(p, min(right, left))
    steep, flat = (torch.where(above, right, torch.where(below, left, end)) for end in ends)
    down, over = torch.minimum(flat * p, steep * p), torch.maximum(flat * q, steep * q)
    ya, yb, ta, tb = (torch.where(x >= 0.0, right * x, left * x) for x in (a, b, s, t))
    near = ya - tb - ROOM * (ya.abs() + tb.abs()) - _some(ya - tb)
    far = yb - ta + ROOM * (yb.abs() + ta.abs()) + _some(yb - ta)
    down = torch.maximum(down - ROOM * down.abs(), near)
    over = torch.minimum(over + ROOM * over.abs(), far)
    lower = ya - over - ROOM * (ya.abs() + over.abs())
    upper = yb - down + ROOM * (yb.abs() + down.abs())
    return down, over, torch.maximum(ta - ROOM * ta.abs(), lower), torch.minimum(tb + ROOM * tb.abs(), upper)


TORCH = Loops(_torch_centred, _torch_joined, _torch_half_lines)
