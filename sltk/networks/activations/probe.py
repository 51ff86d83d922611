"""Values of a user's elementwise function: where it is looked at, and what it must not do there."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from sltk.core.errors import SltkError

FAR = 1024.0
JUMP = 0.5  # a difference that shrinks by less while the interval shrinks 4096-fold is a jump


class Probe:
    """A function on grids of ``[-8, 8]`` (``fine``) and ``[-1024, 1024]`` (``wide``, which contains the fine one).

    Raises:
        SltkError: the function is not elementwise, not deterministic, or not finite there.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], name: str) -> None:
        self.function, self.name = function, name
        self.fine = torch.linspace(-8.0, 8.0, 2**17 + 1, dtype=torch.float64)
        outer = torch.linspace(8.0, FAR, 2**16, dtype=torch.float64)[1:]
        self.wide = torch.cat((-outer.flip(0), self.fine, outer))
        self.values = self(self.wide)
        self._require_elementwise()

    def __call__(self, x: Tensor) -> Tensor:
        """``phi(x)``, float64."""
        try:
            with torch.no_grad():
                y = self.function(x.clone())
        except Exception as error:  # a user's function may raise anything
            raise SltkError(f"activation {self.name!r} fails on a float64 tensor: {error}.") from error
        if not isinstance(y, Tensor) or y.shape != x.shape or y.dtype != torch.float64:
            got = f"{y.dtype} of shape {tuple(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
            raise SltkError(f"activation {self.name!r} must map float64 to float64 of the same shape, but gave {got}.")
        bad = ~torch.isfinite(y)
        if bool(bad.any()):
            raise SltkError(
                f"activation {self.name!r} is {float(y[bad][0])} at x = {float(x[bad][0]):.6g}; it must be finite "
                "on all of [-1024, 1024]. Clamp its input."
            )
        return y

    def at(self, x: float) -> float:
        """``phi(x)`` at one point."""
        return float(self(torch.tensor([x], dtype=torch.float64)))

    def require_continuous(self) -> None:
        """Check that phi does not jump at 0.

        Raises:
            SltkError: a jump, with its size.
        """
        zero = self.at(0.0)
        for side in (1.0, -1.0):
            near, nearer = abs(self.at(side * 2.0**-30) - zero), abs(self.at(side * 2.0**-42) - zero)
            if nearer > 1e-9 * (1.0 + abs(zero)) and nearer > JUMP * near:
                raise SltkError(
                    f"activation {self.name!r} jumps at 0 by {nearer:.3g}: near 0 it is no half line, and no scale of "
                    "the weights makes it one. Choose a continuous first_activation."
                )

    def steepest(self) -> tuple[float, float]:
        """Largest slope between neighbouring points of the wide grid, and where.

        Raises:
            SltkError: a slope that grows without bound, outward or inside a cell.
        """
        width = self.wide.diff()
        slopes = self.values.diff().abs() / width
        self._require_bounded(slopes)
        cell = int(slopes.argmax())
        inside = self._zoomed(float(self.wide[cell]), float(self.wide[cell + 1]))
        return max(float(slopes[cell]), inside), float(self.wide[cell])

    def minimum(self) -> float | None:
        """Where phi has its one interior minimum; ``None`` where it is monotone.

        Raises:
            SltkError: another pattern of rise and fall.
        """
        change = self.values.diff()
        size = self.values[1:].abs() + self.values[:-1].abs()
        moving = change.abs() > 1e-14 + 2.0**-48 * size
        signs = change[moving].sign()
        turns = int((signs[1:] != signs[:-1]).sum())
        if turns == 0:
            return None
        if turns > 1 or float(signs[0]) > 0:
            raise SltkError(
                f"activation {self.name!r} turns {turns} times; its range on an interval is known only where it is "
                "monotone, or falls first and then rises. Negate it, or choose another."
            )
        cells = moving.nonzero().flatten()
        last = int(cells[int((signs < 0).sum()) - 1])
        first = int(cells[int((signs < 0).sum())])
        return self._lowest(float(self.wide[max(last - 1, 0)]), float(self.wide[min(first + 2, len(self.wide) - 1)]))

    def _lowest(self, low: float, high: float) -> float:
        for _ in range(200):
            third = (high - low) / 3.0
            if self.at(low + third) <= self.at(high - third):
                high -= third
            else:
                low += third
        return 0.5 * (low + high)

    def _zoomed(self, low: float, high: float) -> float:
        """Largest slope found on the way down into the steepest halves of a cell."""
        largest, growing = 0.0, 0
        for _ in range(20):
            middle = 0.5 * (low + high)
            ends = [self.at(x) for x in (low, middle, high)]
            slopes = [abs(b - a) / (middle - low) for a, b in pairwise(ends)]
            low, high = (low, middle) if slopes[0] >= slopes[1] else (middle, high)
            growing += max(slopes) > 1.3 * largest > 0.0
            largest = max(largest, *slopes)
        if growing > 10:
            raise SltkError(
                f"activation {self.name!r} has no bounded slope near x = {low:.6g} (a jump or a root); it must be "
                "Lipschitz. Smooth it there."
            )
        return largest

    def _require_bounded(self, slopes: Tensor) -> None:
        place = self.wide[1:].abs().maximum(self.wide[:-1].abs())
        rings = [float(slopes[(place > r / 2) & (place <= r)].max()) for r in (32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)]
        if rings[-1] > 1.05 * float(slopes[place <= 8].max()) and all(b > 1.01 * a for a, b in pairwise(rings)):
            raise SltkError(
                f"activation {self.name!r} grows ever steeper (slope {rings[-1]:.3g} at 1024): it is not Lipschitz, so "
                "errors cannot be bounded. Clamp it."
            )

    def _require_elementwise(self) -> None:
        order = torch.arange(len(self.wide) - 1, -1, -7)
        alone = torch.stack([self(x[None])[0] for x in self.wide[order[:50]]])
        again = self(self.wide[order].reshape(1, -1))[0]
        expected = self.values[order]
        slack = 2.0**-48 * (1.0 + expected.abs())
        if bool(((again - expected).abs() > slack).any()) or bool(((alone - expected[:50]).abs() > slack[:50]).any()):
            raise SltkError(
                f"activation {self.name!r} gives other values for the same x in another tensor: it is not elementwise, "
                "or draws at random. Neither is an activation."
            )
