"""Pixels moved apart, with zeros between them: the first half of a transposed convolution."""

from dataclasses import dataclass

from torch import Tensor

from sltk.networks.geometry import Pair
from sltk.networks.op import Op, Selection
from sltk.networks.spelling import Call, Spellings, require_image


@dataclass(frozen=True)
class Spread(Selection):
    """``(batch, c, h, w) -> (batch, c, (h - 1) s + 1 + e, ...)``: pixel i goes to ``i s``; all others are 0.

    Args:
        spacing: ``s`` along both axes.
        beyond: ``e``, rows and columns of zeros behind the last pixel.
    """

    tag = "spread"
    spacing: Pair
    beyond: Pair = (0, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """Move the pixels apart."""
        ends = [(side - 1) * s + 1 for side, s in zip(x.shape[2:], self.spacing, strict=True)]
        rows, columns = (end + e for end, e in zip(ends, self.beyond, strict=True))
        out = x.new_zeros(*x.shape[:2], rows, columns)
        out[:, :, : ends[0] : self.spacing[0], : ends[1] : self.spacing[1]] = x
        return out

    @property
    def spoils_constants(self) -> bool:
        """A constant image has zeros now; the map behind it carries it to every pixel phase by phase."""
        return self.spacing != (1, 1) or self.beyond != (0, 0)

    @property
    def gaps(self) -> tuple[Pair, Pair]:
        """Spacing, and what is beyond."""
        return self.spacing, self.beyond

    def idle(self, shape: tuple[int, ...]) -> bool:
        """With nothing between and nothing beyond."""
        return len(shape) == 3 and not self.spoils_constants

    def require(self, call: Call) -> None:
        """Images."""
        require_image(call)

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """None: transposed convolutions are read as this and a convolution (``sltk.networks.reading.rewritten``)."""
        return Spellings()


KIND = Spread
