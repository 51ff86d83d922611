"""A sparse convolution as sums on small tiles of positions, of which each works in the first-level cache.

A weight of a wide sparse layer meets a value that no weight near it reads, so that a layer's speed is that of the cache
that its sources come from. Here a tile of ``2 x 4`` positions takes the planes a few at a time: what the tile sees of
them is copied together, and read for all rows. Sums have the order of ``shift_maps``, and the same bits.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sltk.core.threads import over_cores, piece
from sltk.networks.geometry import Geometry, Pair
from sltk.runtime.in_place import empty
from sltk.runtime.lane_kernels import LANES
from sltk.runtime.shift_kernels import Floats, Ints
from sltk.runtime.tile_kernels import ACROSS, DOWN, TILE, convolve_tiles, sort_weights

_WINDOW_BYTES = 64 << 10
"""Aim for the window of a chunk, about a first-level cache: more planes at once leave it, fewer load and store the sums
more often. Between 36 and 144 KiB it makes 6%; a ticket's wide layers are fastest here."""
_LARGEST = np.iinfo(np.uint16).max
_FEWEST = LANES // 2
"""Images from which on their number is filled up to a multiple of ``LANES``."""


@dataclass(frozen=True)
class TileSums:
    """Kept weights of one layer in chunks of planes, for images of any size.

    Args:
        geometry: of the layer.
        where: ``(planes, 3)``, as in ``Planes``; chunks: the first plane of each, and the end.
        start, row, first, offset, value: as ``convolve_tiles`` has them.
        value: in the dtype of the images.
    """

    geometry: Geometry
    where: Ints
    chunks: Ints
    start: Ints
    row: NDArray[np.int32]
    first: NDArray[np.int32]
    offset: NDArray[np.uint16]
    value: Floats

    @classmethod
    def of(
        cls, geometry: Geometry, where: Ints, pointer: Ints, plane: Ints, shift: tuple[Ints, Ints], value: Floats
    ) -> "TileSums | None":
        """Sort the weights; ``None`` where a chunk's window is too large for its offsets.

        Args:
            geometry, where: as above.
            pointer: ``(rows + 1,)``, weights by row; plane, value: of each weight.
            shift: of each weight, positions down and to the right.
        """
        window = window_of(geometry)
        chunks = _chunks(where[:, 0], max(1, _WINDOW_BYTES // (window[0] * window[1] * LANES * value.itemsize)))
        chunk_of = np.repeat(np.arange(len(chunks) - 1), np.diff(chunks))
        if int(np.diff(chunks).max(initial=0)) * window[0] * window[1] > _LARGEST or len(plane) >= 2**31:
            return None
        chunk = chunk_of[plane]
        place = ((plane - chunks[chunk]) * window[0] + shift[0]) * window[1] + shift[1]
        lists = min((len(pointer) - 1) * (len(chunks) - 1), len(plane))
        start, row, first = np.empty(len(chunks), np.int64), np.empty(lists, np.int32), np.empty(lists + 1, np.int32)
        offset, sorted_value = np.empty(len(plane), np.uint16), np.empty_like(value)
        sort_weights(pointer, chunk, place, value, start, row, first, offset, sorted_value)
        return cls(geometry, where, chunks, start, row, first, offset, sorted_value)

    @staticmethod
    def serves(images: int, positions: Pair) -> bool:
        """Whether that many images and positions fill the lanes, and the tiles."""
        return images >= _FEWEST and positions[0] >= DOWN and positions[1] >= ACROSS

    def __call__(self, images: Tensor, bias: Tensor) -> Tensor:
        """Map ``(batch, c, h, w)`` to ``(batch, out, h', w')``; a sum is off as that of ``ShiftMap`` is.

        Args:
            images: in the dtype of the weights, on the CPU.
            bias: ``(out,)`` in the same dtype.

        Returns:
            The result, its images innermost in memory.
        """
        batch, filled = len(images), -(-len(images) // LANES) * LANES
        innermost = images.permute(1, 2, 3, 0).contiguous()
        if filled > batch:
            innermost = F.pad(innermost, (0, filled - batch))
        h, w = self.geometry.output(images.shape[2], images.shape[3])
        result = empty(self.geometry.shape[0], h, w, filled, dtype=images.dtype)
        arrays = innermost.numpy(), result.numpy(), bias.contiguous().numpy()
        planes, lists = (self.where, self.chunks), (self.start, self.row, self.first)
        weights, window = (self.offset, self.value), window_of(self.geometry)

        def compute(workspace: tuple[Floats, Floats], low: int, high: int) -> None:
            convolve_tiles(*arrays, planes, lists, weights, workspace, self.geometry.stride, window, (low, high))

        tiles = -(-h // DOWN) * -(-w // ACROSS) * (filled // LANES)
        over_cores(compute, tiles, piece(tiles, 4.0 * len(self.value) + 1), lambda: self._workspace(images.dtype))
        return (result if filled == batch else result[..., :batch].contiguous()).permute(3, 0, 1, 2)

    def _workspace(self, dtype: torch.dtype) -> tuple[Floats, Floats]:
        """Of torch, whose memory starts at a multiple of a vector's size."""
        window = window_of(self.geometry)
        vectors = int(np.diff(self.chunks).max(initial=0)) * window[0] * window[1]
        sizes = vectors * LANES, self.geometry.shape[0] * TILE * LANES
        seen, sums = (torch.empty(size, dtype=dtype).numpy() for size in sizes)
        return seen, sums


def window_of(geometry: Geometry) -> Pair:
    """Positions of a plane that a tile sees, along both axes."""
    down, right = geometry.reach
    return DOWN + down, ACROSS + right


def _chunks(channel: Ints, planes: int) -> Ints:
    """First plane of each chunk, and the end: at most so many planes, or those of one channel, which stay together."""
    cuts, found = [*np.flatnonzero(np.diff(channel, prepend=-1)).tolist(), len(channel)], [0]
    for start, end in itertools.pairwise(cuts):
        if end - found[-1] > planes and start > found[-1]:
            found.append(start)
    return np.array([*found, len(channel)], dtype=np.int64)
