"""Other answers of the target inside the balls: a search, so that its failures say what no certificate could prove."""

from collections.abc import Callable

import torch
from torch import Tensor

from sltk.certify.findings import answers
from sltk.certify.intervals import Box
from sltk.certify.local.balls import balls
from sltk.core.numerics.tensors import batches
from sltk.core.report import Steps

_LAST_STEP = 1 / 50


def unchanged(
    network: Callable[[Tensor], Tensor], x: Tensor, radius: float, domain: Box, steps: int = 10, batch: int = 64,
    report: Steps | None = None,
) -> Tensor:  # fmt: skip
    """Whether no other answer of the target was found within ``radius``, ``(n,)``.

    Projected sign-gradient ascent of the best other output over the answer's, in float32, from the input itself, with
    steps that fall geometrically from the radius to a fiftieth of it. Every point on the way counts.

    Args:
        network: the target, in the dtype of what it is given.
        x: ``(n, *input_shape)``.
        radius: in the largest entry; the balls are clipped to ``domain``.
        steps: of the search.
        batch: rows at a time.
        report: called with (inputs done, inputs in all).
    """
    found, done = list[Tensor](), 0
    for rows in batches(x, batch):
        found.append(_unchanged(network, rows, radius, domain, steps))
        done += len(rows)
        if report:
            report(done, len(x))
    return torch.cat(found)


def _unchanged(network: Callable[[Tensor], Tensor], x: Tensor, radius: float, domain: Box, steps: int) -> Tensor:
    ball = balls(x, radius, domain)
    low, high = ball.low.float(), ball.high.float()
    answer = answers(network(x.double()).flatten(1)).long()
    same, here = torch.ones(len(x), dtype=torch.bool), x.float()
    for step in range(steps + 1 if radius > 0 else 0):
        here = here.detach().requires_grad_()
        with torch.enable_grad():
            outputs = network(here).flatten(1)
            gain = _ahead(outputs, answer)
        same &= answers(outputs.detach()) == answer
        (slope,) = torch.autograd.grad(gain.sum(), here)
        size = radius * _LAST_STEP ** (step / max(1, steps - 1))
        here = torch.minimum(torch.maximum(here.detach() + size * slope.sign(), low), high)
    return same


def _ahead(outputs: Tensor, answer: Tensor) -> Tensor:
    """How far the best other output is ahead of the answer's; of a single output, how far its sign is turned."""
    if outputs.shape[1] == 1:
        return torch.where(answer == 1, -outputs[:, 0], outputs[:, 0])
    others = outputs.scatter(1, answer[:, None], -torch.inf)
    return others.amax(1) - outputs.gather(1, answer[:, None])[:, 0]
