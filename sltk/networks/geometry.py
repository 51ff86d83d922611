"""Shape arithmetic of 2-D convolutions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sltk.core.errors import SltkError

Pair = tuple[int, int]


def pair(name: str, value: int | Sequence[int], least: int) -> Pair:
    """``value`` as a pair of integers, rows first.

    Raises:
        SltkError: anything but one integer or two, each at least ``least``.
    """
    both = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(both) != 2 or any(not isinstance(v, int) or isinstance(v, bool) or v < least for v in both):
        raise SltkError(f"{name} must be an integer >= {least} or a pair of them, but got {name}={value!r}.")
    return both[0], both[1]


@dataclass(frozen=True)
class Geometry:
    """Shape ``(out, in, kh, kw)``, stride, padding and dilation of a 2-D convolution."""

    shape: tuple[int, int, int, int]
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    def reach(self) -> Pair:
        """Largest shift of a tap on an image of one phase of the stride, along both axes."""
        (_, _, kh, kw), (dy, dx), (sy, sx) = self.shape, self.dilation, self.stride
        return (kh - 1) * dy // sy, (kw - 1) * dx // sx

    def output(self, height: int, width: int) -> Pair:
        """Output height and width.

        Raises:
            SltkError: the dilated kernel does not fit into the padded image.
        """
        axes = zip((height, width), self.shape[2:], self.stride, self.padding, self.dilation, strict=True)
        rows, columns = ((size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, s, p, d in axes)
        if min(rows, columns) < 1:
            raise SltkError(
                f"input of {height} x {width} pixels is smaller than the kernel {self.shape[2:]} with "
                f"padding={self.padding} and dilation={self.dilation}; pass a larger image."
            )
        return rows, columns
