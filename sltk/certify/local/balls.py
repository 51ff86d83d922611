"""Boxes around inputs, many at once, and the target's values over each."""

import torch
from torch import Tensor

from sltk.certify.intervals import Box, StageRanges
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval, joined
from sltk.networks.network import Network
from sltk.networks.wiring import flow


def balls(x: Tensor, radius: float, domain: Box) -> Interval:
    """All inputs of the domain within ``radius`` of a row of ``x``, in the largest entry.

    Args:
        x: ``(n, *input_shape)``, inside the domain.
        radius: at least 0, in the units of the inputs; with 0 the boxes are points.
        domain: what they are clipped to.

    Raises:
        SltkError: a radius that is negative or not finite, an input outside the domain or not finite.
    """
    if not 0.0 <= radius < float("inf"):
        raise SltkError(f"radius must be a finite number >= 0, but got radius={radius}.")
    exact = x.detach().to("cpu", torch.float64)
    whole = domain.on(tuple(x.shape[1:]))
    if not bool(torch.isfinite(exact).all()) or not whole.contains(exact):
        raise SltkError(
            f"x must lie in the domain of the ticket, {domain}, but an entry does not; a bound holds nowhere else."
        )
    if radius == 0.0:
        return Interval(exact, exact)
    far = torch.full_like(exact, torch.inf)
    low, high = torch.nextafter(exact - radius, -far), torch.nextafter(exact + radius, far)
    return Interval(torch.maximum(low, whole.low), torch.minimum(high, whole.high))


def ranges_of(network: Network, inputs: Interval) -> tuple[list[Interval], list[StageRanges]]:
    """Enclose every value of the target over each box.

    Args:
        network: the target, in real arithmetic.
        inputs: ``(n, *input_shape)``.

    Returns:
        The input behind each of the steps before the first map, itself first; and one entry a stage. All with ``n``
        rows.
    """
    before, found = [inputs], list[StageRanges]()
    for op in network.before:
        before.append(op.image(before[-1]))

    def step(index: int, entering: Interval, skips: list[Interval]) -> Interval:
        stage = network.stages[index]
        steps = [joined(stage.affine.image(entering), skips)]
        for op in stage.after:
            steps.append(op.image(steps[-1]))
        found.append(StageRanges(entering, steps[0], tuple(steps[1:])))
        return found[-1].leaving

    flow(network.stages, before[-1], step)
    return before, found
