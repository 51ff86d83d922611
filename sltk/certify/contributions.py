"""The four terms of a stage's error at its affine output: parameters, curvature, bias, inheritance."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify import maps
from sltk.certify.realised import Common, Copies, Realised
from sltk.core.errors import SltkError
from sltk.core.intervals import Interval
from sltk.core.rounding import swell, underflow, up
from sltk.networks.affine import Affine


@dataclass(frozen=True)
class Contributions:
    """Non-negative upper bounds, each ``(copies, out)`` or ``(copies, out, h', w')``, and the largest gain."""

    parameter: Tensor
    remainder: Tensor
    bias: Tensor
    inherited: Tensor
    gain: float

    def total(self, inherited: Tensor | None = None) -> Tensor:
        """Upper bound of the sum, with another inherited term where one is given."""
        last = self.inherited if inherited is None else inherited
        return swell(self.parameter + self.remainder + self.bias + last, 4)


def contributions(
    affine: Affine, realised: Realised, magnitude: Tensor, ticket: Interval, errors: Tensor
) -> Contributions:
    """Bound what each source of error adds.

    Args:
        affine: the target's map.
        realised: how the ticket realises it.
        magnitude: ``(*shape)``, ``sup |x|`` of the target's input values.
        ticket: ``(copies, *shape)``, where the ticket's input values lie.
        errors: ``(copies, *shape)``, bounds of their distance.

    Raises:
        SltkError: where a univariate neuron leaves the radius of its remainder bound.
    """
    if isinstance(realised, Common):
        return _common(affine, realised, Interval(ticket.low[0], ticket.high[0]), errors)
    return _copies(affine, realised, magnitude, errors)


def inherited(affine: Affine, realised: Realised, errors: Tensor) -> Tensor:
    """Upper bound of what errors ``(copies_in, *shape)`` become at the affine output, ``(copies, out, ...)``."""
    if isinstance(realised, Common):
        image = affine.through(errors)
        return image.expand(realised.copies, *image.shape[1:])
    return maps.upper_selected(affine, realised.selected, errors, affine.weight.shape[0])


def _common(affine: Affine, realised: Common, seen: Interval, errors: Tensor) -> Contributions:
    _require_radius(affine.name, realised, seen)
    positive, negative = seen.high.clamp(min=0), (-seen.low).clamp(min=0)
    worse = torch.maximum(realised.delta_positive, realised.delta_negative)
    either = maps.upper_per_copy(affine, worse, seen.magnitude)
    rising = maps.upper_per_copy(affine, realised.delta_positive, positive)
    falling = maps.upper_per_copy(affine, realised.delta_negative, negative)
    return Contributions(
        parameter=torch.minimum(either, swell(rising + falling, 2)),
        remainder=maps.upper_per_copy(affine, realised.remainder, _power(seen.magnitude, realised.order)),
        bias=_spread(realised.bias_error, either),
        inherited=inherited(affine, realised, errors),
        gain=float(affine.kernel.abs().flatten(1).sum(1).max()),
    )


def _copies(affine: Affine, realised: Copies, magnitude: Tensor, errors: Tensor) -> Contributions:
    parameter = maps.upper_per_copy(affine, realised.delta, magnitude)
    return Contributions(
        parameter=parameter,
        remainder=torch.zeros_like(parameter),
        bias=_spread(realised.bias_error, parameter),
        inherited=inherited(affine, realised, errors),
        gain=float(realised.selected.sum(axis=1).max()),
    )


def _power(size: Tensor, order: int) -> Tensor:
    """Upper bound of ``size ** order``."""
    power = size
    for _ in range(order - 1):
        power = up(power * size) + underflow(1, power, size)
    return power


def _require_radius(name: str, realised: Common, seen: Interval) -> None:
    argument = math.nextafter(realised.reach * float(seen.magnitude.max()), math.inf)
    if realised.reach > 0 and argument > realised.radius:
        raise SltkError(
            f"stage '{name}' feeds its univariate neurons up to |w x|={argument:.6g}, but their remainder is "
            f"bounded for |w x| <= {realised.radius:.6g} only; use smaller incoming weights or a smaller box."
        )


def _spread(bias: Tensor, like: Tensor) -> Tensor:
    return bias.reshape(*bias.shape, *(1,) * (like.dim() - 2)).expand_as(like)
