"""What the sums of one stage lose when they are computed.

A combining neuron adds ``k`` products ``v p`` in any order, which errs by at most ``gamma_(k+1) sum |v| |p|``; what it
reads is the computed ``p``. Only products that can differ from 0 count: adding 0 is exact, wherever it stands. What a
copy gives carries an error of its own already; a constant neuron gives ``phi(b)`` as computed, and a univariate neuron
``phi`` as computed of the rounded product ``w x``:

``|p^ - p| <= T (u |w x| + s) + r |p| + a min(|w x|, 16) + t``, with ``|p - phi(0)| <= T |w x|``,

``s`` the least normal number, which is what a product may lose to underflow, and ``r, a, t`` the allowances of the
activation (`sltk.networks.activations.activation`). All of it is a function of sums of sizes over the kept weights,
which are taken in float64 and rounded upward. The weights themselves are numbers of float32 (a law's draws are, and
factors are powers of two); a construction sees to that.

Source: derived for this project.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import torch
from torch import Tensor

from sltk.certify.sparse import SparseMap
from sltk.core.numerics.formats import Format
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import swell
from sltk.networks.activations.activation import Activation

_ROOM = 1.0 + 2.0**-40  # far more than the few dozen float64 operations that a bound is made of can lose


class Lost(NamedTuple):
    """``(n, copies, out, ...)``: what a sum loses at most, and how large its partial sums become."""

    error: Tensor
    reach: Tensor


@dataclass(frozen=True)
class KeptConstants:
    """Kept weights that read constant neurons, one entry each.

    Args:
        row: ``copy out + neuron`` that reads it; weight: ``|v|``; value: ``|c|``; bias: ``|b|`` of the constant neuron.
        activation: what turned the bias into the constant; ``None`` where there are no constants.
        pooled: terms of the averages that the constant passes on its way, 0 for none.
    """

    row: Tensor
    weight: Tensor
    value: Tensor
    bias: Tensor
    activation: Activation | None
    pooled: int = 0

    def sums(self, rows: int, run: Format) -> tuple[Tensor, Tensor]:
        """Sizes of what they bring to each row, and how far it is off as computed, both ``(rows,)``."""
        if self.activation is None or not self.row.numel():
            return torch.zeros(rows, dtype=torch.float64), torch.zeros(rows, dtype=torch.float64)
        value = self.value * _ROOM
        off = self.activation.allowance(self.bias, value, run)
        off = off + run.gamma(self.pooled) * (value + off) + self.pooled * run.smallest
        return self._summed(self.weight * value, rows), self._summed(self.weight * off, rows)

    def _summed(self, each: Tensor, rows: int) -> Tensor:
        total = torch.zeros(rows, dtype=torch.float64).index_add(0, self.row, each)
        return swell(total, len(each) + 4)


class Evaluation(ABC):
    """What one stage loses when it is computed.

    Attributes:
        shape: ``(copies, out)``.
        terms: products of each sum, ``(copies * out,)`` float64.
        constants: those among them that read constants.
    """

    shape: tuple[int, int]
    terms: Tensor
    constants: KeptConstants

    @abstractmethod
    def lost(self, x: Interval, run: Format) -> Lost:
        """Bounds for computed inputs in ``x``, ``(n, copies_in, *shape)``."""

    @abstractmethod
    def on(self, device: torch.device) -> Self:
        """The same for inputs on ``device``; what constants bring is summed on the CPU."""

    @abstractmethod
    def spread(self, errors: Tensor, x: Interval) -> Tensor:
        """How far the ticket's own outputs are apart for inputs ``errors`` apart that lie in ``x``.

        Args:
            errors, x: ``(copies_in, *shape)``.

        Returns:
            ``(copies, out, ...)``.
        """

    def _sum(self, size: Tensor, off: Tensor, weight: Tensor, run: Format, there: Tensor | None) -> Lost:
        """Of sums of ``size``, ``off`` already, both ``(n, rows, ...)``; ``weight`` is ``sum |v|``, ``(rows,)``.

        ``there`` ``(n, rows, ...)`` bounds how many products that read no constant can differ from 0.
        """
        own, loose = (part.to(size.device) for part in self.constants.sums(len(self.terms), run))
        axes = (1, -1, *(1,) * (size.dim() - 2))
        terms = self.terms.reshape(axes)
        if there is not None:
            constant = torch.bincount(self.constants.row, minlength=len(self.terms)).double().to(size.device)
            terms = torch.minimum(terms, there + constant.reshape(axes))
        total = size + off + (own + loose).reshape(axes)
        flushed = (weight + 2.0 * self.terms + 4.0) * run.smallest
        error = run.gamma(terms + 1) * total + off + (loose + flushed).reshape(axes)
        # A sum of nothing is exact.
        error = torch.where(self.terms.reshape(axes) > 0, error, torch.zeros_like(error))
        return Lost(*((part * _ROOM).unflatten(1, self.shape) for part in (error, total)))


@dataclass(frozen=True)
class OfCopies(Evaluation):
    """A stage that picks from the copies of the stage before.

    Args:
        weights: ``|V|`` to the copies, ``(copies out) x (copies_in in kh kw)``.
        shape, terms, constants: of the stage.
    """

    weights: SparseMap
    shape: tuple[int, int]
    terms: Tensor
    constants: KeptConstants

    def on(self, device: torch.device) -> "OfCopies":
        """The map there."""
        return replace(self, weights=self.weights.on(device), terms=self.terms.to(device))

    def lost(self, x: Interval, run: Format) -> Lost:
        """The sizes of the copies meet those of the weights."""
        reach = x.magnitude.flatten(1, 2)
        size = self.weights.upper(reach)
        return self._sum(size, torch.zeros_like(size), self.weights.masses, run, self._places((reach > 0).double()))

    @cached_property
    def _places(self) -> SparseMap:
        """How many weights read what is 1, of values that are 1 or 0."""
        return self.weights.places

    def spread(self, errors: Tensor, x: Interval) -> Tensor:
        """By the sizes of the weights."""
        image = self.weights.upper(errors.flatten(0, 1)[None])[0]
        return image.reshape(*self.shape, *image.shape[1:])


@dataclass(frozen=True)
class OfCommon(Evaluation):
    """A stage of univariate neurons and of sums over them.

    Args:
        rising: ``sum |v| |w| s`` over the samples of each parameter, with ``|phi(w x) - phi(0)| <= s |w x|`` for
            ``x >= 0``: the size of a half line's slope where phi is its half lines, else the Lipschitz constant.
        falling: the same for ``x <= 0``. Both are maps of one common input.
        effective: sizes of the effective parameters, the larger of both signs, rounded upward.
        rises, falls: numbers of samples that give anything for ``x > 0``, and for ``x < 0``; ``None`` where they give
            something for ``x = 0``.
        mass: ``sum |v|`` over the univariate neurons that each row reads, ``(copies * out,)``.
        widest: largest ``|w|``.
        activation: of the univariate neurons.
        shape, terms, constants: of the stage.
    """

    rising: SparseMap
    falling: SparseMap
    rises: SparseMap | None
    falls: SparseMap | None
    effective: SparseMap
    mass: Tensor
    widest: float
    activation: Activation
    shape: tuple[int, int]
    terms: Tensor
    constants: KeptConstants

    def on(self, device: torch.device) -> "OfCommon":
        """The maps there, but ``effective``, of which ``lost`` takes nothing."""
        rises, falls = (None if one is None else one.on(device) for one in (self.rises, self.falls))
        return replace(
            self, rising=self.rising.on(device), falling=self.falling.on(device), rises=rises, falls=falls,
            mass=self.mass.to(device), terms=self.terms.to(device),
        )  # fmt: skip

    def lost(self, x: Interval, run: Format) -> Lost:
        """Univariate neurons, and the sum of what they give."""
        phi, (relative, absolute, tiny) = self.activation, self.activation.allowances(run)
        up, down = x.high.clamp(min=0).flatten(1, 2), (-x.low).clamp(min=0).flatten(1, 2)
        moved = self.rising.upper(up) + self.falling.upper(down)
        axes = (1, -1, *(1,) * (moved.dim() - 2))
        still = (self.mass * abs(phi.intercept)).reshape(axes)
        floor = (self.mass * (phi.lipschitz * run.smallest + tiny)).reshape(axes)
        off = moved * (run.unit * _ROOM + relative + absolute / phi.lipschitz) + still * relative + floor
        there = None
        if self.rises is not None and self.falls is not None:
            there = self.rises((up > 0).double()) + self.falls((down > 0).double())
        found = self._sum(moved + still, off, self.mass, run, there)
        inside = self.widest * torch.maximum(up, down).flatten(1).amax(1)
        reach = torch.maximum(found.reach, inside.reshape(-1, *(1,) * (found.reach.dim() - 1)))
        return Lost(found.error, reach)

    def spread(self, errors: Tensor, x: Interval) -> Tensor:
        """By the effective parameters, and by how far the activation's slopes leave those at 0."""
        image = self.effective.upper(errors)
        if self.activation.curved:
            away = self._away(self.widest * float(x.magnitude.max())) / self.activation.lipschitz
            image = swell(image + away * self.rising.upper(errors), 2)
        return image[0].reshape(*self.shape, *image.shape[2:])

    def _away(self, reach: float) -> float:
        """Largest ``|slope - m|`` between points of one side of 0, up to ``reach`` from it; ``m`` is that side's."""
        phi, ends = self.activation, torch.tensor([[0.0, reach], [-reach, 0.0]], dtype=torch.float64) * _ROOM
        least, most = phi.slopes(ends[:, 0], ends[:, 1])
        at_zero = torch.tensor([phi.slope_positive, phi.slope_negative], dtype=torch.float64)
        return float(torch.maximum(most - at_zero, at_zero - least).max().clamp(0.0)) * _ROOM
