"""Ranges of a convolution behind the first one, without a matrix: only the taps that are there.

An output reads a window of values, each of which reads a window of the input. With weights W of the outputs, lines of
slope ``s`` for each value and taps B of the first stage, the coefficient at offset o of the input is
``sum over a + t = o of W[:, i, a] s[i, q] B[i, t]``: one matrix product for each pair of taps. Positive weights
take upper lines, negative ones lower lines, so this is substitution, as in ``front``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.certify.differential.backward import UNDERFLOW, Stage
from sltk.certify.differential.curves import pointwise
from sltk.certify.differential.forms import Known, Part
from sltk.certify.differential.stage_map import StageMap
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.networks.geometry import Geometry
from sltk.networks.network import Network
from sltk.networks.relaxed import Lines
from sltk.networks.wiring import INPUT

PARTS: tuple[Part, ...] = ("target", "difference", "ticket")
Sided = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Patches:
    """The two last stages of a pair, both convolutions of images, with elementwise steps between.

    Attributes:
        own: of the stage whose ranges are sought.
        first: of the stage that it reads.
        lines: of the values between, by part.
        box: where the input lies, ``(in, h, w)``.
        geometries: of the stage and of the first.
        memory: bytes that may be held at once, about.
    """

    own: StageMap
    first: StageMap
    lines: dict[Part, Lines]
    box: Interval
    geometries: tuple[Geometry, Geometry]
    memory: int

    @classmethod
    def of(cls, network: Network, stages: Sequence[Stage], box: Interval, memory: int) -> "Patches | None":
        """The last of ``stages`` with the one that it reads; ``None`` where they are not of this form."""
        index = len(stages) - 1
        wire = network.wires[index]
        if wire.adds or wire.reads == INPUT or network.wires[wire.reads] != (INPUT, ()) or box.low.dim() != 3:
            return None
        pair = [network.stages[k].affine for k in (index, wire.reads)]
        if any(one.groups > 1 for one in pair) or any(len(network.shapes(k)[1]) != 3 for k in (index, wire.reads)):
            return None
        steps, first, own = stages[wire.reads].steps, stages[wire.reads].map, stages[index].map
        if len(steps) != 1 or any(first.taps(part) is None or own.kernels(part) is None for part in PARTS):
            return None
        lines: dict[Part, Lines] = {}
        for part in PARTS:
            found = getattr(steps[0], part)
            if not isinstance(found, Lines):
                return None
            lines[part] = found
        return cls(own, first, lines, box, (pair[0].geometry, pair[1].geometry), memory)

    def ranges(self, like: Known) -> Known:
        """Where the affine output of the last stage lies."""
        return Known(*(self._ends(part, getattr(like, part)) for part in PARTS))

    def _ends(self, part: Part, like: Interval) -> Interval:
        kernels = self.own.kernels(part)
        assert kernels is not None
        value, slack = (one.reshape(-1, *like.low.shape[-2:]).flatten(1) for one in self.own.offsets.part(part))
        sided: dict[Part, Sided] = {read: self._sided(read) for read in kernels}
        rows = next(iter(kernels.values())).shape[0]
        ends = torch.empty(2, rows, value.shape[1], dtype=torch.float64)
        size = max(1, self.memory // (8 * 8 * self._offsets()[0].numel() * value.shape[1]))
        for side, sign in enumerate((-1.0, 1.0)):
            for start in range(0, rows, size):
                block: dict[Part, Tensor] = {
                    read: sign * kernel[start : start + size] for read, kernel in kernels.items()
                }
                ends[side, start : start + size] = sign * self._highest(block, sided)
        rounding = slack * (1 + gamma(64)) + gamma(64) * (value.abs() + ends.abs()) + UNDERFLOW
        low, high = ends + value + torch.stack((-rounding[0], rounding[1]))
        return Interval(low.reshape(like.low.shape), high.reshape(like.low.shape))

    def _sided(self, part: Part) -> Sided:
        """Slopes and constants of upper and lower lines in terms of the first stage's rows, ``(channels, h, w)`` each.

        The constants hold the stage's own constants and slack, and what the rounding of all products can cost.
        """
        lines, taps = self.lines[part], self.first.taps(part)
        assert taps is not None
        value, slack = (one.reshape(-1, *one.shape[-2:]) for one in self.first.offsets.part(part))
        high, low, above, below = (
            one.flatten(0, -3) for one in (lines.slope_high, lines.slope_low, lines.high, lines.low)
        )
        count = 8 * high.shape[0] * math.prod((*self.geometries[0].shape[2:], *self.geometries[1].shape[2:])) + 64
        steep = torch.maximum(high.abs(), low.abs())
        level = torch.maximum((above + high * value).abs(), (below + low * value).abs()) + steep * value.abs()
        rounding = gamma(count) * (steep * taps.size + 2 * level + above.abs() + below.abs())
        over, under = ((one.abs() * slack + rounding) * (1 + gamma(64)) for one in (high, low))
        return high, low, above + high * value + over, below + low * value - under

    def _offsets(self) -> tuple[Tensor, tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Places ``(kh, kw, kh', kw')`` of pairs of taps in the window of the input, its size, start and stride."""
        own, first = self.geometries
        axes = [torch.arange(own.shape[2 + k])[:, None] * own.dilation[k] * first.stride[k]
                + torch.arange(first.shape[2 + k]) * first.dilation[k] for k in (0, 1)]  # fmt: skip
        height, width = (int(axis.max()) + 1 for axis in axes)
        place = axes[0][:, None, :, None] * width + axes[1][None, :, None, :]
        start = tuple(-own.padding[k] * first.stride[k] - first.padding[k] for k in (0, 1))
        stride = tuple(own.stride[k] * first.stride[k] for k in (0, 1))
        return place, (height, width), (start[0], start[1]), (stride[0], stride[1])

    def _highest(self, kernels: dict[Part, Tensor], sided: dict[Part, Sided]) -> Tensor:
        """Upper bounds of the functionals at all positions, ``(rows, positions)``, but for the stage's own offsets."""
        place, window, start, stride = self._offsets()
        rows = next(iter(kernels.values())).shape[0]
        own, names = self.geometries[0], ["slope", *self._curves(kernels)]
        size = own.output(*next(iter(sided.values()))[0].shape[-2:])
        found = {name: torch.zeros(self.box.low.shape[0], math.prod(window), rows, math.prod(size), dtype=torch.float64)
                 for name in names}  # fmt: skip
        total = torch.zeros(rows, math.prod(size), dtype=torch.float64)
        for part, kernel in kernels.items():
            taps = self.first.taps(part)
            assert taps is not None
            seen = [_taken(one, own, size) for one in sided[part]]
            for a in range(place.shape[0] * place.shape[1]):
                y, x = divmod(a, place.shape[1])
                weight = torch.cat((kernel[:, :, y, x].clamp(min=0), kernel[:, :, y, x].clamp(max=0)), 1)
                slopes, constants = (torch.cat((seen[k][:, a], seen[k + 1][:, a])) for k in (0, 2))
                rounding = gamma(4 * weight.shape[1] * len(place) + 64)
                total += weight @ constants + rounding * (weight.abs() @ constants.abs())
                for name, base in taps.bases.items():
                    self._add(found[name], weight, slopes, base, place[y, x])
        return self._suprema(found, window, start, stride, size) + total

    def _curves(self, kernels: dict[Part, Tensor]) -> list[str]:
        """Curves of the input that enter."""
        taps = (self.first.taps(part) for part in kernels)
        return sorted({name for one in taps if one is not None for name in one.bases} - {"slope"})

    @property
    def _order(self) -> int:
        taps = self.first.taps("difference")
        return 1 if taps is None else taps.order

    def _add(self, found: Tensor, weight: Tensor, slopes: Tensor, base: Tensor, place: Tensor) -> None:
        for channel in range(base.shape[1]):
            for y in range(base.shape[2]):
                for x in range(base.shape[3]):
                    column = base[:, channel, y, x]
                    if bool(column.any()):
                        found[channel, place[y, x]].addmm_(weight, slopes * torch.cat((column, column))[:, None])

    def _suprema(
        self, found: dict[str, Tensor], window: tuple[int, int], start: tuple[int, int], stride: tuple[int, int],
        size: tuple[int, int],
    ) -> Tensor:  # fmt: skip
        """Sum over the window of every input's supremum, ``(rows, positions)``."""
        geometry = Geometry((1, 1, *window), stride)
        ends = (_shifted(end, start, window, stride, size) for end in (self.box.low, self.box.high))
        low, high = (_taken(end, geometry, size) for end in ends)
        total = torch.zeros(found["slope"].shape[2:], dtype=torch.float64)
        for channel in range(low.shape[0]):
            for place in range(low.shape[1]):
                box = Interval(low[channel, place].reshape(1, -1), high[channel, place].reshape(1, -1))
                curves = {name: c[channel, place] for name, c in found.items() if name != "slope"}
                total += pointwise(found["slope"][channel, place], curves, self._order, box)
        count = low.shape[0] * low.shape[1] + 16
        return total + gamma(count) * self._sizes(found, low, high)

    def _sizes(self, found: dict[str, Tensor], low: Tensor, high: Tensor) -> Tensor:
        total = torch.zeros(found["slope"].shape[2:], dtype=torch.float64)
        sizes = torch.maximum(low.abs(), high.abs())
        for name, c in found.items():
            for channel in range(c.shape[0]):
                for place in range(c.shape[1]):
                    size = sizes[channel, place]
                    total += c[channel, place].abs() * (size if name in ("slope", "fold") else size**self._order)
        return total


def _taken(image: Tensor, geometry: Geometry, size: tuple[int, int]) -> Tensor:
    """What each output sees through each tap, ``(channels, taps, positions)``, zeros in the padding."""
    unfolded = F.unfold(image[None], geometry.shape[2:], geometry.dilation, geometry.padding, geometry.stride)[0]
    return unfolded.reshape(image.shape[0], -1, math.prod(size))


def _shifted(
    image: Tensor, start: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], size: tuple[int, int]
) -> Tensor:
    """The image from ``start`` on, as far as windows at all positions reach; zeros outside."""
    pads: list[int] = []
    for axis in (1, 0):
        reach = (size[axis] - 1) * stride[axis] + window[axis]
        pads += [-start[axis], reach + start[axis] - image.shape[1 + axis]]
    return F.pad(image, pads)
