"""Errors with their sign: what they are up to their own rounding, and what a map of them does to an interval."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma, underflow, up
from sltk.networks.affine import Affine


@dataclass(frozen=True)
class Signed:
    """Real numbers, each within ``slack`` of its ``value``; two float64 tensors of one shape, ``slack >= 0``.

    A slack above 0 has room for one more rounding of ``value``, so that ``|value| + slack`` is a bound as computed.

    Raises:
        SltkError: NaN, infinity, a negative slack, or two shapes.
    """

    value: Tensor
    slack: Tensor

    def __post_init__(self) -> None:
        for name in ("value", "slack"):
            entry = torch.as_tensor(getattr(self, name), dtype=torch.float64, device="cpu").detach().contiguous()
            if not bool(torch.isfinite(entry).all()):
                raise SltkError(f"Signed needs a finite {name}, but it holds NaN or infinity; bound the number first.")
            object.__setattr__(self, name, entry)
        if self.value.shape != self.slack.shape or bool((self.slack < 0).any()):
            raise SltkError(
                f"Signed needs slack >= 0 of the shape of value, but got value {tuple(self.value.shape)} and slack "
                f"{tuple(self.slack.shape)} from {float(self.slack.min()):.6g}; pass magnitudes as slack."
            )

    @classmethod
    def exact(cls, value: Tensor) -> Self:
        """Numbers that are what they are."""
        return cls(value, torch.zeros_like(value))

    @classmethod
    def within(cls, size: Tensor) -> Self:
        """Numbers of unknown sign, up to ``size``."""
        return cls(torch.zeros_like(size), size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of both."""
        return tuple(self.value.shape)

    @property
    def magnitude(self) -> Tensor:
        """Upper bounds of the sizes."""
        return self.value.abs() + self.slack

    def half_sum(self, other: "Signed") -> "Signed":
        """``(self + other) / 2``."""
        value = (self.value + other.value) / 2
        return Signed(value, up(up((self.slack + other.slack) / 2) + 4 * UNIT * value.abs()))

    def half_difference(self, other: "Signed") -> "Signed":
        """``(self - other) / 2``."""
        return self.half_sum(Signed(-other.value, other.slack))


class Ball(NamedTuple):
    """All within ``radius`` of ``centre``, entry by entry."""

    centre: Tensor
    radius: Tensor

    def __add__(self, other: "Ball") -> "Ball":  # pyright: ignore[reportIncompatibleMethodOverride]  # no longer tuple
        centre = self.centre + other.centre
        return Ball(centre, up(up(self.radius + other.radius) + UNIT * centre.abs()))

    @property
    def largest(self) -> Tensor:
        """Upper bound of the sizes."""
        return up(self.centre.abs() + self.radius)


def ball(x: Interval) -> Ball:
    """The interval about its middle; a point has radius 0."""
    centre = x.low / 2 + x.high / 2
    return Ball(centre, up(torch.maximum(x.high - centre, centre - x.low)))


def image(affine: Affine, weight: Signed, x: Interval) -> Ball:
    """Where ``weight * x`` lies for the geometry of ``affine``, signs kept.

    Args:
        affine: the target's map.
        weight: ``(copies, rows, in, kh, kw)``.
        x: ``(*shape)``, no batch axis.

    Returns:
        ``(copies, rows, ...)``. With ``c``, ``r`` the middle and half width of x, ``D``, ``s`` value and slack of the
        weight, the centre is ``D c`` as computed, off by at most ``gamma_N |D| |c|``, and the rest at most
        ``(|D| + s) r + s |c|``.
    """
    about, count = ball(x), affine.terms
    flat, slack = weight.value.flatten(0, 1), weight.slack.flatten(0, 1)
    centre = affine.correlate(flat, about.centre[None])[0]
    far = affine.upper(weight.magnitude.flatten(0, 1), about.radius[None])[0]
    near = affine.upper(slack + gamma(count + 1) * flat.abs(), about.centre.abs()[None])[0]
    radius = up(far + near) + underflow(count, flat, about.centre)
    shape = (*weight.shape[:2], *centre.shape[1:])
    return Ball(centre.reshape(shape), radius.reshape(shape))
