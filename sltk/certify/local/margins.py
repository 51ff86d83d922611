"""How far the target's answer is ahead of every other over a ball: by intervals, and by a linear relaxation.

The functional ``y_j - y_t`` of the outputs is substituted backward: through an affine map by its adjoint, through a
step by lines that enclose it on the ranges at hand (CROWN: Zhang et al. 2018, arXiv 1811.00866, remembered; re-derived
here). At the input it is a linear functional, largest at a corner of the ball.

Rounding. An adjoint ``c' = c W`` is computed with error at most ``gamma_N |c| |W|`` in each entry, which changes
``c' . x`` by at most ``gamma_N |c| . (|W| |x|)``: a scalar product at the output of the map with sizes that do not
depend on c. Steps charge theirs themselves (``sltk.networks.relaxed``).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from sltk.certify.intervals import StageRanges
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma, up
from sltk.networks.network import Network, Stage
from sltk.networks.op import Step
from sltk.networks.relaxed import dot
from sltk.networks.wiring import INPUT


def interval_leads(outputs: Interval, answer: Tensor) -> Tensor:
    """Lower bounds of ``y_t - y_j``, ``(n, classes)``, infinite at ``j = t``; of a single output's sign, ``(n, 1)``.

    Args:
        outputs: ``(n, classes)``.
        answer: ``(n,)`` the classes ``t``; of a single output 1 where it is above 0, else 0.
    """
    if outputs.low.shape[1] == 1:
        return torch.where(answer[:, None] == 1, outputs.low, -outputs.high)
    ahead = -up(outputs.high - outputs.low.gather(1, answer[:, None]))
    return ahead.scatter(1, answer[:, None], torch.inf)


def functionals(answer: int, classes: int) -> Tensor:
    """Rows ``e_j - e_t`` for every ``j``; of a single output its sign, so that the lead is minus the largest value."""
    if classes == 1:
        return torch.tensor([[-1.0 if answer == 1 else 1.0]], dtype=torch.float64)
    rows = torch.eye(classes, dtype=torch.float64)
    rows[:, answer] -= 1.0
    return rows


def linear_leads(network: Network, before: Sequence[Interval], ranges: Sequence[StageRanges], answer: int) -> Tensor:
    """Lower bounds of ``y_t - y_j`` over one ball, ``(classes,)``, infinite at ``j = t``, by linear relaxation.

    Args:
        network: the target.
        before: its input, and behind each step before the first map, one row each.
        ranges: of its values, one row each.
        answer: the class t.
    """
    shape = network.output_shape
    classes = ranges[-1].leaving.low.numel()
    c = functionals(answer, classes)
    leads = -_highest(network, before, ranges, c.reshape(len(c), *shape))
    if classes > 1:
        leads[answer] = torch.inf
    return leads


def _highest(network: Network, before: Sequence[Interval], ranges: Sequence[StageRanges], c: Tensor) -> Tensor:
    """Upper bounds of functionals ``(rows, *output_shape)`` of the output."""
    last = len(network.stages) - 1
    waiting, total = {last: c}, torch.zeros(len(c), dtype=torch.float64)
    for index in range(last, -1, -1):
        if index not in waiting:
            continue
        stage, known, wire = network.stages[index], ranges[index], network.wires[index]
        c, total = _steps(stage.after, [known.affine, *known.steps], waiting.pop(index), total)
        for added in wire.adds:
            total = up(total + _joined(waiting, added, c, ranges[added].leaving))
        c, constant = _map(stage, known.entering, c)
        total = up(total + constant)
        read = ranges[wire.reads].leaving if wire.reads != INPUT else before[-1]
        total = up(total + _joined(waiting, wire.reads, c, read))
    c, total = _steps(network.before, before, waiting.get(INPUT, torch.zeros(len(c), *before[-1].low.shape[1:])), total)
    return up(total + _at_input(c, before[0]))


def _joined(waiting: dict[int, Tensor], where: int, c: Tensor, x: Interval) -> Tensor | float:
    """Add ``c`` to what waits there; what the addition can lose."""
    if where not in waiting:
        waiting[where] = c
        return 0.0
    waiting[where] = waiting[where] + c
    return _charge(dot(waiting[where].abs(), x.magnitude[0]), UNIT, c[0].numel())


def _steps(steps: Sequence[Step], x: Sequence[Interval], c: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    for op, entering in zip(reversed(steps), reversed(x[: len(steps)]), strict=True):
        lifted, constant = op.relaxed(entering).back(c[:, None])
        c, total = lifted[:, 0], up(total + constant)
    return c, total


def _map(stage: Stage, x: Interval, c: Tensor) -> tuple[Tensor, Tensor]:
    """The functional before an affine map, and its constant."""
    affine = stage.affine
    shape = tuple(x.low.shape[1:])
    before = affine.adjoint(affine.kernel, c, shape, affine.groups)
    bias = affine.offset.reshape(-1, *(1,) * (c.dim() - 2)).expand(c.shape[1:])
    sizes = affine.upper(affine.kernel.abs(), x.magnitude)[0]
    terms = affine.kernel[:, 0].numel() + 2
    lost = _charge(dot(c.abs(), sizes), gamma(terms), c[0].numel())
    lost = up(lost + _charge(dot(c.abs(), bias.abs()), gamma(c[0].numel() + 2), c[0].numel()))
    return before, up(dot(c, bias) + lost)


def _at_input(c: Tensor, x: Interval) -> Tensor:
    top = dot(c.clamp(min=0), x.high[0]) + dot(c.clamp(max=0), x.low[0])
    return up(top + _charge(dot(c.abs(), x.magnitude[0]), gamma(c[0].numel() + 4), c[0].numel()))


def _charge(size: Tensor, share: float, terms: int) -> Tensor:
    """``share`` of a sum of ``terms`` sizes, whatever rounding did to it, and what underflows."""
    return size * (share * 1.01 * (1.0 + gamma(terms + 8))) + 2.0**-900
