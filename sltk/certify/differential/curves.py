"""Curves of the input: how a functional of the ticket's values that is no line ends, at the input or between lines."""

import math
from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor

from sltk.certify.differential.forms import Form, Known, power
from sltk.certify.differential.univariate import SLACK, turns, value
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma
from sltk.networks.activations.activation import ULP, Activation, Remainder, Rounding
from sltk.networks.activations.inadmissible import INADMISSIBLE
from sltk.networks.activations.lines import activation_lines
from sltk.networks.activations.profile import Piece, Profile
from sltk.networks.relaxed import dot


def unfolded(form: Form, known: Known) -> tuple[Form, Tensor]:
    """Without coefficients on curves of x^, each between lines in x^; where there are differences, in ``x - D``."""
    total = torch.zeros(form.rows, dtype=torch.float64)
    plain = Form(form.target, form.difference, form.ticket)
    for name, c in form.curves.items():
        linear, constant = activation_lines(curve_named(name, form.order), known.ticket).back(c[:, None])
        if form.difference is None:
            plain = plain + Form(ticket=linear)
        else:
            plain = plain + Form(linear[:, 0], -linear)
        total = total + constant + 8 * UNIT * (plain.size(known) + dot(linear.abs(), known.ticket.magnitude))
    return plain, total


@cache
def curve_named(name: str, order: int) -> Activation:
    """``|x|``, ``x |x|^(q-1)`` and ``|x|^q`` as elementwise functions."""
    if name == "fold":
        return INADMISSIBLE["abs"]
    sign = -1.0 if name == "odd" else 1.0

    def function(x: Tensor) -> Tensor:
        return torch.where(x >= 0, 1.0, sign) * x.abs() ** order

    profile = Profile((
        Piece(-math.inf, 0.0, lambda x: -sign * order * x.abs() ** (order - 1)),
        Piece(0.0, math.inf, lambda x: order * x.abs() ** (order - 1)),
    ), size=0.0)  # fmt: skip
    return Activation(
        f"{name} power {order}", function, 0.0, 0.0, 0.0, math.inf, Remainder(1.0, order, math.inf),
        minimum=0.0 if name == "even" else None, profile=profile, rounding=Rounding(32 * ULP, 0.0),
    )  # fmt: skip


def slope_of(form: Form, shape: tuple[int, ...]) -> Tensor:
    """Coefficients on the input, which target and ticket share, ``(rows, *shape)``."""
    slope = torch.zeros(form.rows, *shape, dtype=torch.float64)
    for part in (form.target, None if form.ticket is None else form.ticket[:, 0]):
        slope = slope if part is None else slope + part
    return slope


def largest(form: Form, box: Interval) -> Tensor:
    """The supremum over the box of a functional of the input, which has no difference."""
    total = pointwise(slope_of(form, tuple(box.low.shape)), form.curves, form.order, box).flatten(1).sum(1)
    return total + (gamma(box.low.numel() + 16) + SLACK) * input_size(form, box)


def pointwise(slope: Tensor, curves: Mapping[str, Tensor], order: int, box: Interval) -> Tensor:
    """Suprema of functions of one input each, ``slope x + fold |x| + odd x |x|^(q-1) + even |x|^q``, as computed.

    Args:
        slope, curves: ``(rows, *shape)``.
        order: q.
        box: ``(*shape)``.
    """
    nothing = torch.zeros((), dtype=torch.float64)
    fold, odd, even = (curves.get(name, nothing) for name in ("fold", "odd", "even"))
    if not curves:
        return torch.maximum(box.low * slope, box.high * slope)
    line = (slope + fold, slope - fold)
    curve = None if not curves.keys() & {"odd", "even"} else (even + odd, even - odd)
    best = torch.maximum(*(value(line, curve, order, end) for end in (box.low, box.high)))
    for turn in turns(line, curve, order):
        at = value(line, curve, order, turn)
        best = torch.where((box.low < turn) & (turn < box.high), torch.maximum(best, at), best)
    return best


def input_size(form: Form, box: Interval) -> Tensor:
    """Sum of the sizes of all terms of a functional of the input, ``(rows,)``."""
    size = dot(slope_of(form, tuple(box.low.shape)).abs(), box.magnitude)
    for name, c in form.curves.items():
        size = size + dot(c.abs(), box.magnitude if name == "fold" else power(box.magnitude, form.order))
    return size
