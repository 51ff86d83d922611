"""Augmentation on the device: random crops of padded images, and mirror images."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.core.device_words import below, lanes, stream_keys
from sltk.core.errors import SltkError


@dataclass(frozen=True)
class CropFlip:
    """Each image is padded, cut to its size at a random place, and mirrored with probability one half.

    Row ``i`` of the batch at ``position`` has the first three lanes of block ``i``, word ``position``, of the counter
    stream ``(seed, "augment")``, drawn on the device of the images: a replica sees the same images whatever is stacked
    beside it and wherever it runs, and a run that is resumed goes on as it would have.

    Args:
        padding: pixels added on every side.
        flip: whether to mirror.
        fill: what the added pixels hold: 0 is the mean of normalised images.
    """

    padding: int = 4
    flip: bool = True
    fill: float = 0.0

    def __post_init__(self) -> None:
        if self.padding < 0:
            raise SltkError(f"padding must be at least 0, but got {self.padding}.")

    def __call__(self, x: Tensor, seeds: Sequence[int], position: int) -> Tensor:
        """Batches ``(replicas, rows, channels, height, width)`` to the same shape, on their device.

        Raises:
            SltkError: other axes than these five, or another number of seeds.
        """
        if x.ndim != 5 or len(seeds) != len(x):
            raise SltkError(
                f"CropFlip needs (replicas, rows, channels, height, width) and a seed a replica, but got "
                f"{tuple(x.shape)} and {len(seeds)} seeds."
            )
        keys = stream_keys(tuple(seeds), ("augment",), x.device)
        a, b, c, _ = lanes(keys, torch.arange(x.shape[1], device=x.device), position)
        down, right = below(a, 2 * self.padding + 1), below(b, 2 * self.padding + 1)
        mirrored = (c < 2**31) & self.flip
        return self.apply(x.flatten(0, 1), down.flatten(), right.flatten(), mirrored.flatten()).view_as(x)

    def apply(self, x: Tensor, down: Tensor, right: Tensor, mirrored: Tensor) -> Tensor:
        """Crop row ``i`` at ``(down[i], right[i])`` of the padded image, and mirror it where ``mirrored[i]``.

        Args:
            x: ``(rows, channels, height, width)``.
            down: ``(rows,)`` int64, ``0 .. 2 padding``; ``right`` likewise.
            right: see ``down``.
            mirrored: ``(rows,)`` bool.
        """
        _, channels, height, width = x.shape
        padded = F.pad(x, (self.padding,) * 4, value=self.fill)
        across = torch.arange(width, device=x.device)
        columns = torch.where(mirrored[:, None], width - 1 - across, across) + right[:, None]
        lines = torch.arange(height, device=x.device) + down[:, None]
        picked = padded.gather(2, lines[:, None, :, None].expand(-1, channels, -1, padded.shape[3]))
        return picked.gather(3, columns[:, None, None, :].expand(-1, channels, height, -1))
