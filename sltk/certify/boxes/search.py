"""The domain bisected where its bound is largest, many boxes at once.

What holds on both halves of a box holds on the box, so the largest bound over the leaves is one for the domain, at any
time. A box is halved along the input that moves the first layer most, by ``sum_j |W_ji|`` times its width.
"""

import heapq
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import torch
from torch import Tensor

from sltk.certify.boxes.batch import Boxes
from sltk.certify.boxes.stages import StageMatrices
from sltk.core.numerics.intervals import Interval
from sltk.networks.wiring import INPUT

CACHE = 2**22  # bytes of the coefficients of one round
MOST = 64  # boxes of one round


@dataclass(frozen=True)
class Budget:
    """What may be spent; whichever is spent first.

    Attributes:
        seconds: by ``clock``, after which no other round is begun.
        work: nanoseconds as ``cost_of_box`` estimates them, so that the result is the same on every machine.
        clock: in seconds.
    """

    seconds: float = math.inf
    work: float = math.inf
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Leaves:
    """Boxes that cover the domain.

    Attributes:
        per_output: ``(outputs,)``, largest bounds over the boxes.
        boxes: how many.
    """

    per_output: Tensor
    boxes: int


class _Leaf(NamedTuple):
    """A box in the order of its bound, the largest first; no two have the same place."""

    negative: float
    place: int
    low: Tensor
    high: Tensor
    per_output: Tensor


def searched(stages: Sequence[StageMatrices], box: Interval, above: Tensor, budget: Budget) -> Leaves:
    """Bounds over a box by best-first bisection.

    Args:
        stages: of the pair.
        box: ``(inputs,)``.
        above: ``(outputs,)``, bounds over the whole box from elsewhere, where there are; else infinite.
        budget: of it.
    """
    started, spent, ties = budget.clock(), 0.0, count()
    leaves = [_Leaf(-float(above.max()), next(ties), box.low, box.high, above)]
    moves, cost = _moves(stages), cost_of_box(stages)
    size = max(1, min(MOST, int(CACHE // (16 * _coefficients(stages)))))
    while budget.clock() - started < budget.seconds and spent + 2 * cost <= budget.work:
        most = max(1, min(size, int((budget.work - spent) // (2 * cost)) if math.isfinite(budget.work) else size))
        worst = [heapq.heappop(leaves) for _ in range(min(most, len(leaves), 1 + len(leaves) // 2))]
        known = torch.stack([leaf.per_output for leaf in worst])
        low, high = (torch.stack(ends) for ends in ([leaf.low for leaf in worst], [leaf.high for leaf in worst]))
        low, high = halves(low, high, moves)
        found = torch.minimum(Boxes(stages, low, high).errors(), torch.cat((known, known)))
        spent += cost * len(found)
        for one, a, b in zip(found, low, high, strict=True):
            heapq.heappush(leaves, _Leaf(-float(one.max()), next(ties), a, b, one))
    return Leaves(torch.stack([leaf.per_output for leaf in leaves]).amax(0), len(leaves))


def halves(low: Tensor, high: Tensor, moves: Tensor) -> tuple[Tensor, Tensor]:
    """Lower, then upper halves of boxes ``(boxes, inputs)``; both hold the middle."""
    place, rows = ((high - low) * moves).argmax(1), torch.arange(len(low))
    middle = low[rows, place] / 2 + high[rows, place] / 2
    top, bottom = high.clone(), low.clone()
    top[rows, place], bottom[rows, place] = middle, middle
    return torch.cat((low, bottom)), torch.cat((top, high))


def cost_of_box(stages: Sequence[StageMatrices]) -> float:
    """About the nanoseconds that bounds on one box take on one core: of entries, of univariate functions, of products;
    twice that where copies are taken together."""
    total, together = 0.0, False
    for index, stage in enumerate(stages):
        rows = len(stage.bias) * stage.copies
        total += 1.4e4 * rows + 0.24 * rows * sum(_entries(before) for before in stages[:index]) * 2
        own = stage.weights.univariate is not None and stage.reads != INPUT
        total += 500.0 * stage.target.numel() if own else 0.0
        phi = None if stage.step is None else stage.step.elementwise
        together |= stage.copies > 1 and phi is not None and phi.smooth
    return 2.0 * total if together else total


def _entries(stage: StageMatrices) -> float:
    """Of the largest matrix of a stage."""
    selected = stage.weights.selected
    return float(selected.numel() if selected is not None else stage.copies * stage.target.numel())


def _coefficients(stages: Sequence[StageMatrices]) -> float:
    """Of the functionals of one box."""
    return max(2.0 * len(stage.bias) * stage.copies * stage.target.shape[1] for stage in stages)


def _moves(stages: Sequence[StageMatrices]) -> Tensor:
    found = sum(stage.target.abs().sum(0) for stage in stages if stage.reads == INPUT)
    assert isinstance(found, Tensor)
    return found if bool(found.any()) else torch.ones_like(found)
