"""Signed differences of target and ticket through the affine map of one stage, for many inputs at once.

With ``x`` the target's values, ``x^`` the ticket's, ``e = x - x^`` copy by copy, ``W`` the target's weights, ``V`` the
selected ones, ``D`` the signed parameter errors (target minus ticket) and g that of the bias, the difference of the
affine outputs is

- ``D x + V e + g`` where the stage picks from copies,
- ``W e + D+ max(x^, 0) + D- min(x^, 0) + g``, up to the remainders ``R |x^|^q``, where it reads one common input.

Intervals are carried as centre and radius: ``A (c +- r) = A c +- |A| r``, so that at radius 0 nothing but rounding is
left, and errors of both signs cancel. A computed ``A c`` is off by ``gamma_N |A| |c|``, which the radius contains: the
sizes meet ``r + gamma_N |c|``.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from sltk.certify.local.loops import COMPILED, TORCH, Loops
from sltk.certify.signed import Ball, Signed
from sltk.certify.sparse import SMALLEST, SparseMap
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma, swell, underflow, up
from sltk.networks.affine import Affine


@dataclass(frozen=True)
class SignedMap:
    """``x -> A x`` for weights that are known up to a slack, or exactly.

    Attributes:
        values: ``A``; sizes: ``|A|``, the slack included; slack: of the weights, ``None`` where they are exact.
        loops: what passes over entries.
    """

    values: SparseMap
    sizes: SparseMap
    slack: SparseMap | None = None
    loops: Loops = COMPILED

    @classmethod
    def of(cls, affine: Affine, weight: Signed) -> "SignedMap":
        """That of ``weight`` ``(copies, out, in / groups, kh, kw)`` on one copy of the inputs."""
        slack = SparseMap.of(affine, weight.slack)
        sizes = SparseMap.of(affine, up(weight.magnitude))
        return cls(SparseMap.of(affine, weight.value), sizes, None if slack.empty else slack)

    @property
    def empty(self) -> bool:
        """Whether it gives 0 whatever it is given."""
        return self.sizes.empty

    def on(self, device: torch.device) -> "SignedMap":
        """The same on a device, by torch's operations."""
        slack = None if self.slack is None else self.slack.on(device)
        return SignedMap(self.values.on(device), self.sizes.on(device), slack, TORCH)

    def __call__(self, x: Interval) -> Ball:
        """The image of intervals ``(n, channels, ...)``; radii before the swelling that ``_total`` applies."""
        centre, size = middles(x, gamma(self.sizes.terms + 4), self.loops)
        radius = self.sizes(size)
        if self.slack is not None:
            radius += self.slack(centre.abs() + size)
        return Ball(self.values(centre), radius)


def middles(x: Interval, share: float, loops: Loops) -> tuple[Tensor, Tensor]:
    """Centres, and half widths plus ``share`` of the centre's size, rounded upward."""
    return loops.centred(x.low.contiguous(), x.high.contiguous(), share)


class PairMap(ABC):
    """One stage's affine map, applied to values of the target and differences."""

    @abstractmethod
    def on(self, device: torch.device) -> Self:
        """The same on a device, by torch's operations: sums in its order, rounded outward by what every order loses."""

    @abstractmethod
    def __call__(self, x: Interval, e: Interval, ticket: Interval) -> Interval:
        """Where the differences of the affine outputs lie, ``(n, copies, out, ...)``.

        Args:
            x: ``(n, *shape)``, the target's values that the stage reads.
            e: ``(n, copies_in, *shape)``, target minus ticket.
            ticket: ``(n, copies_in, *shape)``, the ticket's values.
        """


@dataclass(frozen=True)
class FromCopies(PairMap):
    """``D x + V e + g``."""

    delta: SignedMap
    selected: SignedMap
    bias: Signed
    loops: Loops = COMPILED

    def on(self, device: torch.device) -> "FromCopies":
        """Both maps there."""
        return FromCopies(self.delta.on(device), self.selected.on(device), self.bias, TORCH)

    def __call__(self, x: Interval, e: Interval, ticket: Interval) -> Interval:
        """Both maps, and the bias."""
        parts = [self.selected(_merged(e)), *([] if self.delta.empty else [self.delta(x)])]
        return _total(parts, self.bias, max(self.selected.sizes.terms, self.delta.sizes.terms), self.loops)


@dataclass(frozen=True)
class FromCommon(PairMap):
    """``W e + D+ max(x^, 0) + D- min(x^, 0) + g`` and the remainders.

    Attributes:
        affine: the target's.
        rising: ``D+``; falling: ``D-``, ``None`` where that is the same.
        remainder: ``R``; order: ``q``.
        bias: g, ``(copies, out)``.
        reach: largest ``|w|``; radius: up to which ``|w x|`` the remainders hold.
    """

    affine: Affine
    rising: SignedMap
    falling: SignedMap | None
    remainder: SparseMap
    order: int
    bias: Signed
    reach: float
    radius: float
    loops: Loops = COMPILED

    def on(self, device: torch.device) -> "FromCommon":
        """All maps there."""
        falling = None if self.falling is None else self.falling.on(device)
        return replace(
            self, affine=self.affine.on(device), rising=self.rising.on(device), falling=falling,
            remainder=self.remainder.on(device), loops=TORCH,
        )  # fmt: skip

    def __call__(self, x: Interval, e: Interval, ticket: Interval) -> Interval:
        """The target's own map of the one difference, and the errors of the effective parameters.

        Raises:
            SltkError: a univariate neuron leaves the radius of its remainder bound.
        """
        seen = _merged(ticket)
        parts = [] if self.rising.empty and self.falling is None else self._errors(seen)
        if not self.remainder.empty:
            parts.append(self._curved(seen))
        if not parts or bool((e.low != 0).any() | (e.high != 0).any()):
            parts.append(self._target(_merged(e)))
        return _total(parts, self.bias, self.affine.terms + 2, self.loops)

    def _errors(self, seen: Interval) -> list[Ball]:
        if self.falling is None:
            return [self.rising(seen)]
        sides = (self.rising, Interval(seen.low.clamp(min=0), seen.high.clamp(min=0))), (
            self.falling, Interval(seen.low.clamp(max=0), seen.high.clamp(max=0)),
        )  # fmt: skip
        return [side(part) for side, part in sides if bool((part.low != 0).any() | (part.high != 0).any())]

    def _curved(self, seen: Interval) -> Ball:
        size = power = seen.magnitude
        if self.reach * float(size.max()) * (1 + 4 * UNIT) > self.radius:
            raise SltkError(
                f"stage '{self.affine.name}' feeds its univariate neurons up to |w x|="
                f"{self.reach * float(size.max()):.6g}, but their remainder is bounded for |w x| <= "
                f"{self.radius:.6g} only; use smaller incoming weights or inputs."
            )
        for _ in range(self.order - 1):
            power = swell(power * size, 2) + underflow(1, power, size)
        radius = self.remainder.upper(power)
        return Ball(torch.zeros_like(radius), radius)

    def _target(self, e: Interval) -> Ball:
        """``W e``, the same for every copy."""
        kernel = self.affine.kernel
        centre, size = middles(e, gamma(self.affine.terms + 4), self.loops)
        own = self.affine.correlate(kernel, centre), self.affine.correlate(kernel.abs(), size)
        shape = (len(centre), self.bias.shape[0], *own[0].shape[1:])
        return Ball(*(part[:, None].expand(shape).flatten(1, 2) for part in own))


def _merged(x: Interval) -> Interval:
    """Copies and channels as one axis."""
    return Interval(x.low.flatten(1, 2), x.high.flatten(1, 2))


def _total(parts: list[Ball], bias: Signed, terms: int, loops: Loops) -> Interval:
    """The sum as intervals ``(n, copies, out, ...)``, rounded outward; radii are sums of up to ``terms`` products."""
    centre, radius = parts[0].centre, parts[0].radius
    for part in parts[1:]:
        centre = centre + part.centre
        radius = radius + part.radius + 2 * UNIT * centre.abs()
    flat = (len(centre), centre.shape[1], -1)
    centre, radius = (x.reshape(flat).contiguous() for x in (centre, radius + (2 * terms + 8) * SMALLEST))
    swelling = 1.0 + gamma(terms + 8 * len(parts) + 8)
    low, high = loops.joined(centre, radius, swelling, bias.value.flatten(), bias.slack.flatten())
    shape = tuple(parts[0].centre.shape[2:])
    return Interval(*(end.reshape(len(end), *bias.shape, *shape) for end in (low, high)))
