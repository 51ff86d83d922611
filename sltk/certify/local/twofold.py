"""What target and ticket compute at points in real arithmetic: in twice the precision, and how far off that is.

Interval arithmetic takes the copies of a neuron for one another's adversaries, and multiplies what it does not know by
``sum |w|`` in every layer: by ``1e25`` in a ticket of twenty. At a point there is nothing that is not known but what is
lost in computing, ``1e-31`` of every number here, and 1e-6 at the end.

Of a stage ``V x + b`` with x within ``off`` of ``high + low`` the result is off by at most

``|V| off + u^2 (K^2 + 3 K + 8) (1 + 2**-20) (|V| |high| + |b|)``,

K the most weights of a row, ``u = 2**-53`` (`sltk.core.numerics.twofold_kernels.sums`): one map of sizes in float64,
rounded upward. Steps say themselves what they do (`Step.twofold`): an activation multiplies ``off`` by its steepest
slope nearby. Skips are added.

Source: running error analysis as in Higham, Accuracy and Stability of Numerical Algorithms, section 3.3, recalled;
derived for this project.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from sltk.certify.sparse import SparseMap
from sltk.core.numerics.arrays import Values
from sltk.core.numerics.rounding import swell
from sltk.core.numerics.tensors import tensor_of
from sltk.core.numerics.twofold import ROOM, TINY, UNIT2, Twofold
from sltk.core.numerics.twofold_kernels import sums
from sltk.core.threads import over_cores
from sltk.networks.affine import Affine
from sltk.networks.network import Network
from sltk.networks.op import Step
from sltk.networks.wiring import flow
from sltk.runtime.shift_kernels import pack
from sltk.runtime.shift_maps import Planes
from sltk.runtime.sparse import SparseConv2d, SparseLayer

TILE = 512  # entries: two parts of sums and of what is read lie in a first-level cache
ROWS = 16

Joins = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class TwofoldMap:
    """``x -> V x + b`` on numbers of twice the precision.

    Attributes:
        layer: V in float64, and b.
    """

    layer: SparseLayer

    @classmethod
    def of(cls, affine: Affine) -> "TwofoldMap":
        """That of a target."""
        kept = SparseMap.of(affine, affine.kernel[None]).layer
        kept.bias.copy_(affine.offset)
        return cls(kept)

    def __call__(self, x: Twofold) -> Twofold:
        """Map ``(n, channels, *positions)``."""
        lifted = Twofold(*(part.reshape(*part.shape[:2], *(1,) * (4 - part.dim()), *part.shape[2:]) for part in x))
        images = [self._parts(high, low) for high, low in zip(lifted.high, lifted.low, strict=True)]
        high, low = (torch.stack(part) for part in zip(*images, strict=True))
        off = self._off(lifted)
        axes = slice(4 - x.high.dim() + 2, None)
        return Twofold(*(part.reshape(*part.shape[:2], *part.shape[axes]) for part in (high, low, off)))

    @property
    def _share(self) -> float:
        """What is lost of the sum of sizes."""
        most = float(torch.bincount(self._row, minlength=1).max()) if len(self._row) else 0.0
        return UNIT2 * (most * most + 3.0 * most + 8.0) * (1.0 + 2.0**-19)

    @cached_property
    def _row(self) -> Tensor:
        return self.layer.index // int(np.prod(self.layer.shape[1:]))

    @cached_property
    def _sizes(self) -> SparseConv2d:
        """``|V|``."""
        shape, geometry = self.layer.geometry.shape, self.layer.geometry
        return SparseConv2d(
            shape[1], shape[0], (shape[2], shape[3]), self.layer.index, self.layer.value.abs(),
            torch.zeros(shape[0], dtype=torch.float64), geometry.stride, geometry.padding, geometry.dilation,
        )  # fmt: skip

    def _off(self, x: Twofold) -> Tensor:
        share = self._share
        with torch.no_grad():
            total = self._sizes(x.off + share * x.high.abs())
        bias = share * self.layer.bias.abs().reshape(-1, 1, 1)
        return swell(total + bias, self.layer.kept + 8) * ROOM + TINY

    def _parts(self, high: Tensor, low: Tensor) -> tuple[Tensor, Tensor]:
        """``(channels, h, w)`` of one input to ``(rows, h', w')``."""
        height, width = high.shape[1:]
        kept = self.layer.tables().convolution(height, width, self.layer.value)
        one, other = (_planes(kept.source, part) for part in (high, low))
        count, rows, bias = kept.target.positions, kept.rows, self.layer.bias.numpy()
        found = np.empty((2, kept.image[0], count))

        def some(_: None, first: int, end: int) -> None:
            pointer, into, rest = rows.pointer[first : end + 1], found[0, first:end], found[1, first:end]
            for tile in range(0, count, TILE):
                ends = tile, min(tile + TILE, count)
                sums(one, other, bias[first:end], pointer, rows.plane, rows.shift, rows.value, into, rest, ends)

        over_cores(some, kept.image[0], ROWS, lambda: None)
        wide = tensor_of(found).reshape(2, kept.image[0], -1, kept.target.grid[1])
        inside = wide[..., : kept.image[2]].contiguous()
        return inside[0], inside[1]


def _planes(source: Planes, part: Tensor) -> Values:
    """What a layer reads of one input ``(channels, h, w)``, as its tables have it."""
    planes = np.empty((len(source.where), source.positions))
    images = part[..., None].contiguous().numpy()
    pack(images, planes, source.where, source.stride, source.grid, source.front, (0, 1), (0, len(source.where)))
    return planes


@dataclass(frozen=True)
class TwofoldStage:
    """``after(V x + b + skips)``.

    Attributes:
        map: V and b; after: steps.
        reads, adds: as `sltk.networks.wiring` has them.
        joins: for each skip, to which channels which of its own are added; ``None`` for all.
    """

    map: TwofoldMap
    after: tuple[Step, ...]
    reads: int | None = None
    adds: tuple[int, ...] = ()
    joins: tuple[Joins | None, ...] = ()


@dataclass(frozen=True)
class TwofoldNetwork:
    """A network of stages at points; ``before`` are the steps on its input."""

    stages: Sequence[TwofoldStage]
    before: tuple[Step, ...] = ()

    @classmethod
    def of(cls, network: Network) -> "TwofoldNetwork":
        """A target."""
        stages = [
            TwofoldStage(TwofoldMap.of(s.affine), s.after, s.reads, s.adds, (None,) * len(s.adds))
            for s in network.stages
        ]
        return cls(stages, network.before)

    def __call__(self, x: Tensor) -> Twofold:
        """The outputs at the rows of ``x``, numbers of float32 or float64, ``(n, outputs)``."""
        found = flow(self.stages, _after(self.before, Twofold.exact(x)), self._step)
        return Twofold(*(part.flatten(1) for part in found))

    def _step(self, index: int, x: Twofold, skips: list[Twofold]) -> Twofold:
        stage = self.stages[index]
        found = stage.map(x)
        for skip, join in zip(skips, stage.joins, strict=True):
            found = found.plus(skip if join is None else _joined(skip, join, found))
        return _after(stage.after, found)


def _joined(skip: Twofold, join: Joins, like: Twofold) -> Twofold:
    """The channels of a skip where they are added, 0 elsewhere."""
    into, origin = join
    return Twofold(*(torch.zeros_like(like.high).index_copy(1, into, part.index_select(1, origin)) for part in skip))


def _after(steps: Sequence[Step], x: Twofold) -> Twofold:
    for op in steps:
        x = op.twofold(x)
    return x
