"""Ranges of a convolution behind the first one, without a matrix: only the taps that are there.

An output reads a window of values, each of which reads a window of the input. With weights W of the outputs, lines of
slope ``s`` for each value and taps B of the first stage, the coefficient at offset o of the input is
``sum over a + t = o of W[:, i, a] s[i, q] B[i, t]``. Positive weights take upper lines, negative ones lower lines, so
this is substitution, as in ``front``. Rows are independent, and are dealt out to threads.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.certify.differential.backward import UNDERFLOW, Stage
from sltk.certify.differential.forms import Known, Part
from sltk.certify.differential.patch_kernel import FirstTaps, Sides, Weights, gather, suprema
from sltk.certify.differential.stage_map import StageMap, Taps
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.core.numerics.tensors import tensor_of
from sltk.core.threads import over_cores
from sltk.networks.geometry import Geometry
from sltk.networks.network import Network
from sltk.networks.relaxed import Lines
from sltk.networks.wiring import INPUT

PARTS: tuple[Part, ...] = ("target", "difference", "ticket")
CURVES = ("slope", "fold", "odd", "even")
ROWS = 4  # of a piece of work


class Layer(NamedTuple):
    """What a part of the output reads: its weights, and the lines and first taps of the values."""

    weights: Weights
    sides: Sides
    taps: FirstTaps


class Window(NamedTuple):
    """Where outputs see values and the input.

    Attributes:
        pairs: ``(taps, first taps)``, place of a pair of taps in the window of the input.
        own: where each tap starts among the padded values, and the stride behind.
        low, high: where the input lies, from the corner of the first window as far as windows reach; 0 outside.
        steps: where each place of the window starts there, and the stride behind.
    """

    pairs: Indices
    own: Indices
    low: Values
    high: Values
    steps: Indices


@dataclass(frozen=True)
class Patches:
    """The two last stages of a pair, both convolutions of images, with elementwise steps between.

    Attributes:
        own: of the stage whose ranges are sought.
        first: taps of the stage that it reads, by part.
        offsets: of that stage, by part: constants and slack.
        lines: of the values between, by part.
        box: where the input lies, ``(in, h, w)``.
        geometries: of the stage and of the first.
    """

    own: StageMap
    first: dict[Part, Taps]
    offsets: dict[Part, tuple[Tensor, Tensor]]
    lines: dict[Part, Lines]
    box: Interval
    geometries: tuple[Geometry, Geometry]

    @classmethod
    def of(cls, network: Network, stages: Sequence[Stage], box: Interval) -> "Patches | None":
        """The last of ``stages`` with the one that it reads; ``None`` where they are not of this form."""
        index = len(stages) - 1
        if not cls.fits(network, index):
            return None
        wire = network.wires[index]
        pair = [network.stages[k].affine for k in (index, wire.reads)]
        steps, first, own = stages[wire.reads].steps, stages[wire.reads].map, stages[index].map
        if len(steps) != 1 or any(own.kernels(part) is None for part in PARTS):
            return None
        taps: dict[Part, Taps] = {}
        lines: dict[Part, Lines] = {}
        for part in PARTS:
            there, found = first.taps(part), getattr(steps[0], part)
            if there is None or not isinstance(found, Lines):
                return None
            taps[part], lines[part] = there, found
        offsets: dict[Part, tuple[Tensor, Tensor]] = {part: first.offsets.part(part) for part in PARTS}
        return cls(own, taps, offsets, lines, box, (pair[0].geometry, pair[1].geometry))

    @staticmethod
    def fits(network: Network, index: int) -> bool:
        """Whether the stage and the one that it reads are convolutions of images in one group, with no skips."""
        read = network.wires[index].reads
        if network.wires[index].adds or read == INPUT or network.wires[read] != (INPUT, ()):
            return False
        images = [*network.shapes(read)[:2], network.shapes(index)[1]]
        return all(network.stages[k].affine.groups == 1 for k in (read, index)) and all(len(s) == 3 for s in images)

    def ranges(self, like: Known) -> Known:
        """Where the affine output of the last stage lies."""
        return Known(*(self._ends(part, getattr(like, part)) for part in PARTS))

    def _ends(self, part: Part, like: Interval) -> Interval:
        kernels = self.own.kernels(part)
        assert kernels is not None
        height, width = like.low.shape[-2:]
        value, slack = (one.reshape(-1, height, width) for one in self.own.offsets.part(part))
        read = [self._layer(one, kernel) for one, kernel in kernels.items()]
        window = self._window(height, width)
        terms = 4 * sum(int(np.diff(layer.weights.first).max()) for layer in read) + 64
        rounding = gamma(terms), gamma(len(window.low) * len(window.steps) + 96)
        ends = torch.empty(2, *value.shape, dtype=torch.float64)

        def rows(found: Values, low: int, high: int) -> None:
            for row in range(low, high):
                for side, sign in enumerate((-1.0, 1.0)):
                    ends[side, row] = sign * tensor_of(self._highest(row, sign, read, window, found, rounding))

        places = len(window.steps) - 1
        planes = len(self._curves) * len(window.low)
        over_cores(rows, len(value), ROWS, lambda: np.empty((planes, places, height, width)))
        lost = slack * (1 + gamma(64)) + gamma(64) * (value.abs() + ends.abs()) + UNDERFLOW
        low, high = ends + value + torch.stack((-lost[0], lost[1]))
        return Interval(low.reshape(like.low.shape), high.reshape(like.low.shape))

    def _highest(
        self, row: int, sign: float, read: Sequence[Layer], window: Window, found: Values, rounding: tuple[float, float]
    ) -> Values:
        """Upper bounds of a row's functionals at all positions, but for the stage's own offsets; ``found`` is spent."""
        found.fill(0.0)
        total, size, top, reach = (np.zeros(found.shape[-2:]) for _ in range(4))
        for layer in read:
            gather(row, sign, layer.weights, layer.sides, layer.taps, window.pairs, window.own, found, total, size)
        planes = np.array([self._curves.index(name) if name in self._curves else -1 for name in CURVES])
        order = self.first["difference"].order
        suprema(found, planes, order, window.low, window.high, window.steps, top, reach)
        # Both sums, their sum, and what turns of curves are off by, of which ``rounding`` has a reserve.
        return total + top + (rounding[0] * size + rounding[1] * (reach + np.abs(total)))

    def _layer(self, part: Part, kernel: Tensor) -> Layer:
        """The weights of ``part`` that are there, its lines padded as the stage pads, and its first taps."""
        entry = kernel.flatten(2).nonzero().numpy()  # by row
        first = np.searchsorted(entry[:, 0], np.arange(len(kernel) + 1))
        channel, tap = np.ascontiguousarray(entry[:, 1:].T)
        weights = Weights(first, channel, tap, kernel.flatten(2)[tuple(entry.T)].numpy())
        down, right = self.geometries[0].padding
        high, low, above, below = (F.pad(one, (right, right, down, down)).numpy() for one in self._sided(part))
        return Layer(weights, Sides(high, low, above, below), self._first_taps(part))

    def _first_taps(self, part: Part) -> FirstTaps:
        bases = self.first[part].bases
        # Channel by channel: curve, input, tap.
        whole = torch.stack([bases.get(name, torch.zeros_like(bases["slope"])) for name in self._curves], 1).flatten(3)
        entry = whole.nonzero().numpy()
        first = np.searchsorted(entry[:, 0], np.arange(len(whole) + 1))
        plane = entry[:, 1] * whole.shape[2] + entry[:, 2]
        return FirstTaps(first, plane, entry[:, 3].copy(), whole[tuple(entry.T)].numpy())

    @cached_property
    def _curves(self) -> list[str]:
        """Functions of the input that enter, the line first."""
        return [name for name in CURVES if any(name in taps.bases for taps in self.first.values())]

    def _sided(self, part: Part) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Slopes and constants of upper and lower lines in terms of the first stage's rows, ``(channels, h, w)`` each.

        The constants hold the stage's own constants and slack, and what the rounding of all products can cost.
        """
        lines, taps = self.lines[part], self.first[part]
        value, slack = (one.reshape(-1, *one.shape[-2:]) for one in self.offsets[part])
        high, low, above, below = (
            one.flatten(0, -3) for one in (lines.slope_high, lines.slope_low, lines.high, lines.low)
        )
        count = 8 * high.shape[0] * math.prod((*self.geometries[0].shape[2:], *self.geometries[1].shape[2:])) + 64
        steep = torch.maximum(high.abs(), low.abs())
        level = torch.maximum((above + high * value).abs(), (below + low * value).abs()) + steep * value.abs()
        rounding = gamma(count) * (steep * taps.size + 2 * level + above.abs() + below.abs())
        over, under = ((one.abs() * slack + rounding) * (1 + gamma(64)) for one in (high, low))
        return high, low, above + high * value + over, below + low * value - under

    def _window(self, height: int, width: int) -> Window:
        """What each output sees of the input, for so many rows and columns of outputs."""
        own, first = self.geometries
        taps = [torch.arange(own.shape[2 + k]) * own.dilation[k] for k in (0, 1)]
        inner = [torch.arange(first.shape[2 + k]) * first.dilation[k] for k in (0, 1)]
        axes = [(a * s)[:, None] + b for a, s, b in zip(taps, first.stride, inner, strict=True)]
        across = int(axes[1].max()) + 1
        pairs = (axes[0][:, None, :, None] * across + axes[1][None, :, None, :]).flatten(0, 1).flatten(1)
        stride = tuple(a * b for a, b in zip(own.stride, first.stride, strict=True))
        pads: list[int] = []
        for k, count in ((1, width), (0, height)):
            start = own.padding[k] * first.stride[k] + first.padding[k]
            reach = (count - 1) * stride[k] + int(axes[k].max()) + 1
            pads += [start, reach - start - self.box.low.shape[1 + k]]
        low, high = (F.pad(end, pads).contiguous().numpy() for end in (self.box.low, self.box.high))
        seen = torch.cartesian_prod(torch.arange(int(axes[0].max()) + 1), torch.arange(across))
        return Window(pairs.numpy(), _steps(torch.cartesian_prod(*taps), own.stride), low, high, _steps(seen, stride))


def _steps(starts: Tensor, stride: Sequence[int]) -> Indices:
    """Where places start, and the stride behind them, ``(places + 1, 2)``."""
    return torch.cat((starts.reshape(-1, 2), torch.tensor([list(stride)]))).numpy()
