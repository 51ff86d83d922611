"""A closer bound for more time: the domain is bisected where its bound is largest, again and again.

What holds on both halves of a box holds on the box, so the largest bound over the leaves is one for the domain, at any
time. Over smaller boxes slopes vary less, which is what the relaxation loses most by. A box is halved along the input
that moves the first layer most, by ``sum_j |W_ji|`` times its width. Small networks are bounded on many boxes at once
(``sltk.certify.boxes``), others on one after the other.
"""

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

from sltk.certify.boxes.batch import Boxes
from sltk.certify.boxes.pair import on_domain
from sltk.certify.boxes.search import Budget, Leaves, cost_of_box, searched
from sltk.certify.differential.certify import Limits, Relaxation, relaxation
from sltk.certify.intervals import Box
from sltk.certify.realised import Realised
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.networks.network import Network
from sltk.networks.wiring import INPUT

LEAST = 16  # boxes; with less to spend the domain is one, on which planes in y and d still halve many a bound


@dataclass(frozen=True)
class Bisection:
    """What bisection came to.

    Attributes:
        per_output: ``output_shape``, largest over the leaves; ``None`` where the whole box declined.
        boxes: leaves.
        text: in words.
        leaving: largest error behind each stage over the whole box.
    """

    per_output: Tensor | None
    boxes: int
    text: str
    leaving: tuple[float, ...] = ()


def bisected(
    network: Network,
    box: Box,
    realised: Sequence[Realised],
    seconds: float,
    limits: Limits | None = None,
    whole: Relaxation | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Bisection:
    """Bound target minus ticket over the box by best-first bisection.

    Args:
        network: the target.
        box: the domain.
        realised: one entry a stage.
        seconds: after which no other box is halved; the whole box is always bounded.
        limits: of each relaxation.
        whole: what the relaxation of the whole box came to within such limits; ``None`` where it is not known.
        clock: in seconds.

    Raises:
        SltkError: a negative or undefined time.
    """
    if not seconds >= 0:
        raise SltkError(f"bisected needs seconds >= 0, but got seconds={seconds}.")
    started, ties = clock(), count()
    whole = relaxation(network, box, realised, limits) if whole is None else whole
    if whole.per_output is None:
        return Bisection(None, 0, whole.text)
    ends = box.on(network.input_shape)
    small = refined(network, box, realised, whole.per_output, Budget(seconds - (clock() - started), clock=clock))
    if small is not None:
        return small
    leaves = [(-float(whole.per_output.max()), next(ties), ends, whole.per_output)]
    while clock() - started < seconds:
        _, _, worst, above = heapq.heappop(leaves)
        for half in _halves(network, worst):
            found = relaxation(network, Box(half.low, half.high), realised, limits).per_output
            per_output = above if found is None else torch.minimum(found, above)
            heapq.heappush(leaves, (-float(per_output.max()), next(ties), half, per_output))
    per_output = torch.stack([leaf[3] for leaf in leaves]).amax(0)
    return Bisection(per_output, len(leaves), _said(len(leaves)), whole.leaving)


def refined(
    network: Network,
    box: Box,
    realised: Sequence[Realised],
    above: Tensor,
    budget: Budget,
    domain: Boxes | None = None,
) -> Bisection | None:
    """Bounds ``above`` over the box, brought closer within a budget; ``None`` for networks that are not small.

    Args:
        network: the target.
        box: the domain.
        realised: one entry a stage.
        above: ``output_shape``.
        budget: for fewer than ``LEAST`` boxes nothing is cut, for less than one nothing is begun.
        domain: the pair on the whole box, where it is at hand.
    """
    whole = on_domain(network, box, realised) if domain is None else domain
    if whole is None or cost_of_box(whole.stages) > budget.work:
        return None
    if cost_of_box(whole.stages) * LEAST > budget.work:
        found = Leaves(torch.minimum(whole.errors()[0], above.flatten()), 1)
    else:
        found = searched(whole.stages, Interval(whole.low[0], whole.high[0]), above.flatten(), budget)
    return Bisection(found.per_output.reshape(above.shape), found.boxes, _said(found.boxes))


def _said(boxes: int) -> str:
    return "the same by planes" if boxes == 1 else f"the same on {boxes} boxes that cover the domain"


def _halves(network: Network, box: Interval) -> tuple[Interval, Interval]:
    """Halved along one input; both hold the middle."""
    place = int((_moves(network, box.low) * (box.high - box.low)).argmax())
    middle = box.low.flatten()[place] / 2 + box.high.flatten()[place] / 2
    ends: list[Tensor] = []
    for end in (box.high, box.low):
        moved = end.flatten().clone()
        moved[place] = middle
        ends.append(moved.reshape(end.shape))
    return Interval(box.low, ends[0]), Interval(ends[1], box.high)


def _moves(network: Network, like: Tensor) -> Tensor:
    """``sum_j |W_ji|`` of the stages that read the input, where that has its shape; else the same for all."""
    found = torch.zeros_like(like)
    for index, (stage, wire) in enumerate(zip(network.stages, network.wires, strict=True)):
        entering, image, _ = network.shapes(index)
        if wire.reads == INPUT and entering == tuple(like.shape):
            ones = torch.ones(1, *image, dtype=torch.float64)
            affine = stage.affine
            found = found + affine.adjoint(affine.kernel.abs(), ones, entering, affine.groups)[0]
    return found if bool(found.any()) else torch.ones_like(like)
