"""Interval bounds of every value inside a target, over a box of inputs, with outward rounding.

Each layer and step gives its own rigorous image; here they are carried along the stages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval, joined
from sltk.networks.network import Network
from sltk.networks.op import Op
from sltk.networks.wiring import flow


@dataclass(frozen=True)
class Box:
    """Domain of a certificate: ``low <= x <= high`` for an input without batch axis.

    Args:
        low: number or tensor that broadcasts to the input shape; kept as float64.
        high: the same, at least ``low``.

    Raises:
        SltkError: for NaN, infinite ends, shapes that do not broadcast, or ``low > high``.
    """

    low: Tensor | float
    high: Tensor | float

    def __post_init__(self) -> None:
        low, high = _exact(self.low), _exact(self.high)
        try:
            low, high = _spread(low, high)
        except RuntimeError as error:
            raise SltkError(
                f"Box needs ends of matching shapes, but got low {tuple(low.shape)} and high {tuple(high.shape)}; "
                "give both the shape of the input, or plain numbers."
            ) from error
        if not bool((torch.isfinite(low) & torch.isfinite(high) & (low <= high)).all()):
            raise SltkError(
                f"Box needs finite low <= high in every entry, but got low in {_extent(low)}, "
                f"high in {_extent(high)}; swap or clean the ends."
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def on(self, shape: tuple[int, ...]) -> Interval:
        """The box spread over inputs of ``shape``.

        Raises:
            SltkError: where the ends do not broadcast to ``shape``.
        """
        try:
            ends = [torch.as_tensor(end).expand(shape).contiguous() for end in (self.low, self.high)]
        except RuntimeError as error:
            raise SltkError(
                f"Box has ends of shape {tuple(torch.as_tensor(self.low).shape)}, which do not spread over an "
                f"input of shape {tuple(shape)}; give numbers or tensors of that shape (no batch axis)."
            ) from error
        return Interval(*ends)

    def including(self, data: Tensor) -> "Box":
        """The smallest box that holds this one and every row of ``data``, shape ``(batch, *input)``."""
        data = data.detach().to("cpu", torch.float64)
        mine = self.on(tuple(data.shape[1:]))
        return Box(torch.minimum(mine.low, data.amin(0)), torch.maximum(mine.high, data.amax(0)))

    def __str__(self) -> str:
        return f"low in {_extent(torch.as_tensor(self.low))}, high in {_extent(torch.as_tensor(self.high))}"


@dataclass(frozen=True)
class StageRanges:
    """Intervals of one stage of the target, no batch axis.

    Attributes:
        entering: what the affine map reads.
        affine: what the affine map gives, with the skips that join it.
        steps: after each step that follows, in order.
    """

    entering: Interval
    affine: Interval
    steps: tuple[Interval, ...]

    @property
    def leaving(self) -> Interval:
        """What the stage gives."""
        return self.steps[-1] if self.steps else self.affine


def ranges(network: Network, box: Box) -> list[StageRanges]:
    """Enclose every value of ``network`` over ``box``.

    Args:
        network: the target; evaluated in real arithmetic on its float64 parameters.
        box: inputs, entries of ``network.input_shape``.

    Returns:
        One `StageRanges` a stage. Each interval holds all values that the input's box can cause; it
        ignores that inputs are shared between neurons, so it is exact for one layer and grows with depth.

    Raises:
        SltkError: where the box does not fit the input, or a bound leaves float64.
    """
    found: list[StageRanges] = []

    def step(index: int, entering: Interval, skips: list[Interval]) -> Interval:
        stage = network.stages[index]
        affine, *steps = images(stage.after, joined(_image(stage.affine, entering), skips))
        found.append(StageRanges(entering, affine, tuple(steps)))
        return found[-1].leaving

    flow(network.stages, images(network.before, box.on(network.input_shape))[-1], step)
    return found


def images(ops: Sequence[Op], first: Interval) -> list[Interval]:
    """``first``, no batch axis, and what every one of ``ops`` makes of the interval before it."""
    reached = [first]
    for op in ops:
        reached.append(_image(op, reached[-1]))
    return reached


def _image(op: Op, x: Interval) -> Interval:
    """The image of one interval without batch axis."""
    found = op.image(Interval(x.low[None], x.high[None]))
    return Interval(found.low[0], found.high[0])


def _spread(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    return torch.broadcast_tensors(low, high)  # pyright: ignore  # torch says no type


def _exact(value: Tensor | float) -> Tensor:
    # The dtype is named at once: a Python number would otherwise pass through float32.
    return torch.as_tensor(value, dtype=torch.float64, device="cpu").detach()


def _extent(x: Tensor) -> str:
    if x.numel() == 0:
        return "an empty tensor"
    return f"[{float(x.min()):.6g}, {float(x.max()):.6g}]"
