"""The kept weights of a convolution, sorted once for the map and once for its transpose."""

import math
import threading
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import divided
from sltk.networks.geometry import Geometry
from sltk.runtime.shift_kernels import Ints
from sltk.runtime.shift_maps import Planes, Rows, ShiftMap
from sltk.runtime.tile_sums import TileSums

building = threading.RLock()
"""Held while tables are made, so that threads that run one layer at once make them once, and none while they change."""


class _Places(NamedTuple):
    """Of each kept weight: its output, its input plane, and the shift in that, down and to the right."""

    output: Ints
    plane: Ints
    down: Ints
    right: Ints


class Tables:
    """Kept weights of one layer by output and by input plane; values are handed over with each use.

    An input plane is a channel at one phase of the stride; planes that no kept weight reads do not occur.

    Args:
        geometry: of the layer.
        index: ``(kept,)`` int64, ascending flat indices into ``geometry.shape``, on the CPU.

    Raises:
        SltkError: an index is out of range, or they do not ascend.
    """

    def __init__(self, geometry: Geometry, index: Tensor) -> None:
        check_index(index, geometry.shape)
        self.geometry = geometry
        self._index = index.numpy()
        (out, channels, _, _), (sy, sx) = geometry.shape, geometry.stride
        output, phase, _, _ = self._read()
        there = np.bincount(phase, minlength=channels * sy * sx) > 0
        code, self._rank = np.flatnonzero(there), np.cumsum(there) - 1
        top, left = code // sx % sy - geometry.padding[0], code % sx - geometry.padding[1]
        self._inputs = np.stack([code // (sy * sx), top, left], 1)
        self._outputs = np.stack([np.arange(out), np.zeros(out, np.int64), np.zeros(out, np.int64)], 1)
        self._by_output = _pointer(output, out)
        self._pixels: dict[tuple[int, int, int], Ints] = {}
        self._tiled: tuple[Tensor, int, TileSums | None] | None = None

    def _read(self) -> _Places:
        """What the indices say, with channel and phase of the stride in place of a plane."""
        _, channels, kh, kw = self.geometry.shape
        (sy, sx), (dy, dx) = self.geometry.stride, self.geometry.dilation
        rest, kx = divided(self._index, kw)
        rest, ky = divided(rest, kh)
        output, channel = divided(rest, channels)
        down, ry = (ky * dy, 0) if sy == 1 else divided(ky * dy, sy)
        right, rx = (kx * dx, 0) if sx == 1 else divided(kx * dx, sx)
        return _Places(output, (channel * sy + ry) * sx + rx, down, right)

    @cached_property
    def _kept(self) -> _Places:
        found = self._read()
        return found._replace(plane=self._rank[found.plane])

    @cached_property
    def _by_plane(self) -> tuple[Ints, Ints]:
        """The weights in the order of the planes that they read, and where those of each plane begin."""
        return np.argsort(self._kept.plane, kind="stable"), _pointer(self._kept.plane, len(self._inputs))

    @property
    def planes(self) -> int:
        """Input planes that are read."""
        return len(self._inputs)

    def pixels(self, height: int, width: int, pitch: int) -> Ints:
        """What a linear layer reads of a flattened image, in the order of its pixels, so that neighbours are together.

        Args:
            height, width: of the image; pitch: positions from one row of pixels to the next.

        Returns:
            ``(inputs that are read, 3)``: which of them, its channel, and its position.
        """
        asked = height, width, pitch
        if asked not in self._pixels:
            channel, pixel = np.divmod(self._inputs[:, 0], height * width)
            position = pixel // width * pitch + pixel % width
            order = np.lexsort((channel, position))
            self._pixels[asked] = np.stack([order, channel[order], position[order]], 1)
        return self._pixels[asked]

    def convolution(self, height: int, width: int, value: Tensor) -> ShiftMap:
        """The layer on images of ``height x width`` pixels; ``value`` ``(kept,)``."""
        h, w = self.geometry.output(height, width)
        down, right = self.geometry.reach
        wide = w + right
        source = Planes(self._inputs, self.geometry.stride, (h + down, wide), back=right)
        target = Planes(self._outputs, (1, 1), (h, wide))
        kept = self._kept
        rows = Rows(self._by_output, kept.plane, kept.down * wide + kept.right, value.numpy())
        return ShiftMap(source, target, rows, (self.geometry.shape[0], h, w), whole=True)

    def tiled(self, value: Tensor) -> TileSums | None:
        """The layer on tiles of images of any size; ``value`` ``(kept,)`` is sorted once for as long as it stays."""
        version = -1 if value.is_inference() else value._version
        with building:
            if self._tiled is None or self._tiled[0] is not value or self._tiled[1] != version:
                (_, plane, *shift), pointer = self._kept, self._by_output
                made = TileSums.of(self.geometry, self._inputs, pointer, plane, (shift[0], shift[1]), value.numpy())
                self._tiled = value, version, made
                if made is not None:
                    # As large as four times the weights; few images at a time would read it off again.
                    self.__dict__.pop("_kept", None)
            return self._tiled[2]

    def transpose(self, height: int, width: int, value: Tensor) -> ShiftMap:
        """From the output's gradient to that of images of ``height x width`` pixels; ``value`` ``(kept,)``."""
        h, w = self.geometry.output(height, width)
        down, right = self.geometry.reach
        wide = w + right
        front = down * wide + right
        source = Planes(self._outputs, (1, 1), (h, wide), front=front, back=down * wide)
        target = Planes(self._inputs, self.geometry.stride, (h + down, wide))
        order, by_plane = self._by_plane
        kept = self._kept
        shift = front - (kept.down * wide + kept.right)[order]
        rows = Rows(by_plane, kept.output[order], shift, value.numpy()[order])
        return ShiftMap(source, target, rows, (self.geometry.shape[1], height, width), whole=False)


def check_index(index: Tensor, shape: tuple[int, ...]) -> None:
    """Raise unless ``index`` holds ascending flat indices into ``shape``; out of range, a kernel would read anywhere.

    Raises:
        SltkError: as above.
    """
    size = math.prod(shape)
    if index.numel() and (int(index.min()) < 0 or int(index.max()) >= size):
        raise SltkError(
            f"index must lie in [0, {size}) for weights of shape {shape}, but it spans "
            f"[{int(index.min())}, {int(index.max())}]; pass flat row-major indices."
        )
    if bool((torch.diff(index) <= 0).any()):
        raise SltkError("index must name every kept weight once, but some index occurs twice; merge the values first.")


def _pointer(row: Ints, rows: int) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(row, minlength=rows))])
