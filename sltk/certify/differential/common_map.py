"""Functionals through a stage that reads one common input: ``d = A D + H(x^) + g`` and ``y^ = A x^ - H(x^) + b^``.

``H(x^) = sum h(x^)`` with a function of each input alone: ``h = h+ x^`` for positive, ``h- x^`` for negative inputs,
the signed parameter errors, minus ``c |x^|^q`` with another c for each sign, the first term of the univariate neurons'
remainders. Where x^ has one sign both are a line in ``x^ = x - D`` and a power; else
``(h+ + h-)/2 x^ + (h+ - h-)/2 |x^| - (c+ - c-)/2 x^ |x^|^(q-1) - (c+ + c-)/2 |x^|^q``.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from sltk.certify.contributions import spread
from sltk.certify.differential.forms import Form, Known, Part, of_part, power
from sltk.certify.differential.stage_map import Offsets, StageMap, Taps, biases
from sltk.certify.differential.univariate import extremes
from sltk.certify.maps import upper_per_copy
from sltk.certify.signed import Signed
from sltk.core.numerics.intervals import Interval, outward
from sltk.core.numerics.rounding import UNIT, gamma, up
from sltk.networks.affine import Affine


class Sides(NamedTuple):
    """Numbers for positive and for negative inputs, ``(copies * out, in / groups, kh, kw)``."""

    positive: Tensor
    negative: Tensor

    @property
    def same(self) -> bool:
        """Whether the sign does not matter."""
        return self.positive is self.negative


@dataclass(frozen=True)
class CommonMap(StageMap):
    """With the target's ``A``, signed parameter errors, and signed remainders.

    Attributes:
        affine: the target's.
        errors: of parameters.
        curve: ``c``, or ``None``; order: ``q``.
        seen: ``(*shape)``, where the common input lies.
        offsets: at the output.
        common: whether the ticket reads the very same input.
    """

    affine: Affine
    errors: Sides
    curve: Sides | None
    order: int
    seen: Interval
    offsets: Offsets
    common: bool

    def pull(self, form: Form) -> Form:
        """By adjoints, for each sign of the input its own."""
        found = Form(None if form.target is None else self._pull(self.affine.kernel, form.target))
        if form.difference is not None:
            linear, curved = self._errors(form.difference)
            difference = (self._pull(self.affine.kernel, form.difference.sum(1)) - linear)[:, None]
            found = found + Form(linear, difference) + curved
        if form.ticket is not None:
            linear, curved = self._errors(form.ticket)
            ticket = (self._pull(self.affine.kernel, form.ticket.sum(1)) - linear)[:, None]
            found = found + Form(ticket=ticket) + curved.times(-1.0)
        return found

    def rows(self, part: Part) -> Form:
        """By the adjoints of single entries."""
        like = self.offsets.part(part)[0]
        count = like.numel()
        return self.pull(of_part(part, torch.eye(count, dtype=torch.float64).reshape(count, *like.shape)))

    @property
    def quick(self) -> bool:
        """On the input, where all groups are one."""
        return self.common and self.affine.groups == 1

    def together(self, v: Tensor) -> Interval:
        """A function of each input of the neuron's window, the parameters of all copies added."""
        outputs = self.affine.weight.shape[0]
        flat = v.reshape(*v.shape[:2], outputs, -1)
        low, high = (self.affine.windows(end[None]).T for end in (self.seen.low, self.seen.high))

        def added(weights: Tensor) -> Tensor:
            return torch.einsum("rkjp,kjf->frjp", flat, weights.reshape(v.shape[1], outputs, -1))

        line = tuple(added(one) for one in self.errors)
        curve = None if self.curve is None else tuple(-added(one) for one in self.curve)
        windows = Interval(*(end.T[:, None, None].expand(-1, *line[0].shape[1:]) for end in (low, high)))
        least, most, size = extremes(line, curve, self.order, windows)
        value, slack = (one.reshape(1, *flat.shape[1:]) for one in self.offsets.part("difference"))
        shift, spare = (flat * value).sum(1), (flat.abs() * (slack + gamma(64) * value.abs())).sum(1)
        rounding = spare + gamma(4 * v.shape[1] + 2 * len(least) + 64) * ((flat.abs() * value.abs()).sum(1) + size)
        # Sizes of the sums are those of their terms, copy by copy, which the slack of the stage holds.
        found = outward(least + shift, most + shift, rounding * (1 + gamma(64)), self.affine.name)
        return Interval(found.low.reshape(len(v), *v.shape[2:]), found.high.reshape(len(v), *v.shape[2:]))

    def kernels(self, part: Part) -> dict[Part, Tensor] | None:
        """Where the input has one sign and nothing is bent."""
        one_sided = self.errors.same or bool((self.seen.low >= 0).all())
        if self.affine.groups > 1 or self.curve is not None or not one_sided:
            return None
        if part == "target":
            return {"target": self.affine.kernel}
        errors = self.errors.positive
        whole = self._repeated - errors
        return {"ticket": whole} if part == "ticket" else {"target": errors, "difference": whole}

    def taps(self, part: Part) -> Taps | None:
        """Of x, of its size where the errors differ by its sign, and of its powers."""
        if not self.common or self.affine.groups > 1:
            return None
        if part == "target":
            bases = {"slope": self.affine.kernel}
        else:
            sign, errors = (1.0, self.errors) if part == "difference" else (-1.0, self.errors)
            half, rest = (errors.positive + errors.negative) / 2, (errors.positive - errors.negative) / 2
            bases = {"slope": half if part == "difference" else self._repeated - half, "fold": sign * rest}
            if self.curve is not None:
                one, other = self.curve
                bases |= {"odd": sign * (other - one) / 2, "even": -sign * (one + other) / 2}
        size = self.seen.magnitude[None]
        sizes = {"slope": size, "fold": size}
        total = sum(
            self.affine.upper(base.abs(), sizes[name] if name in sizes else power(size, self.order))
            for name, base in bases.items()
        )
        assert isinstance(total, Tensor)
        needed = {name: base for name, base in bases.items() if name == "slope" or bool(base.any())}
        return Taps(needed, total[0], self.order)

    @property
    def _repeated(self) -> Tensor:
        """The target's kernel for every copy."""
        return self.affine.kernel.repeat(self.errors.positive.shape[0] // self.affine.weight.shape[0], 1, 1, 1)

    def extremes(self) -> tuple[Interval, Interval] | None:
        """Each input adds a function of itself alone: the sum of their extremes."""
        if not self.common:
            return None
        kernel = self._repeated
        weights: dict[Part, Sides] = {
            "difference": self.errors,
            "ticket": Sides(kernel - self.errors.positive, kernel - self.errors.negative),
        }
        low, high = (self.affine.windows(end[None]) for end in (self.seen.low, self.seen.high))
        found = [self._extremes(part, sides, Interval(low, high)) for part, sides in weights.items()]
        return found[0], found[1]

    def _extremes(self, part: Part, sides: Sides, windows: Interval) -> Interval:
        value, slack = self.offsets.part(part)
        outputs, groups = self.affine.weight.shape[0], self.affine.groups
        low, high = (
            windows.low.reshape(groups, -1, windows.low.shape[1]),
            windows.high.reshape(groups, -1, windows.low.shape[1]),
        )
        sign, sums = -1.0 if part == "difference" else 1.0, list[tuple[Tensor, Tensor, Tensor]]()
        for index in range(len(sides.positive)):
            group = index % outputs // (outputs // groups)
            line = sides.positive[index].reshape(-1, 1), sides.negative[index].reshape(-1, 1)
            curve = None
            if self.curve is not None:
                curve = tuple(sign * one[index].reshape(-1, 1) for one in self.curve)
            sums.append(extremes(line, curve, self.order, Interval(low[group], high[group])))
        least, most, size = (torch.stack(one).reshape(value.shape) for one in zip(*sums, strict=True))
        rounding = slack + gamma(2 * low.shape[1] + 64) * (size + value.abs())
        return outward(least + value, most + value, rounding, self.affine.name)

    def _pull(self, weight: Tensor, c: Tensor) -> Tensor:
        return self.affine.adjoint(weight, c, tuple(self.seen.low.shape), self.affine.groups)

    def _errors(self, c: Tensor) -> tuple[Tensor, Form]:
        """Coefficients on x^, and on its size and powers."""
        flat = c.flatten(1, 2)
        linear, fold = self._halves(self.errors, flat)
        if self.curve is None:
            return linear, Form(fold=fold)
        even, odd = self._halves(self.curve, flat, even=True)
        return linear, Form(fold=fold, odd=None if odd is None else -odd, even=-even, order=self.order)

    def _halves(self, sides: Sides, flat: Tensor, even: bool = False) -> tuple[Tensor, Tensor | None]:
        """Coefficients on the function that is odd and on that which is even; the other way round for ``even``."""
        rising = self._pull(sides.positive, flat)
        above, below = self.seen.low >= 0, self.seen.high <= 0
        if sides.same or bool(above.all()):
            return rising, None
        falling = self._pull(sides.negative, flat)
        one, other = (rising + falling) / 2, (rising - falling) / 2
        whole = torch.where(above, rising, torch.where(below, falling, one))
        return whole, torch.where(above | below, torch.zeros_like(other), other)


def common_map(
    affine: Affine, errors: tuple[Signed, Signed], bias: Signed, known: Known, slack: Tensor,
    curve: tuple[int, Signed, Signed] | None = None,
) -> CommonMap:  # fmt: skip
    """The map for values that lie where ``known`` says; for its rounding see ``copies_map``.

    Args:
        affine: the target's map.
        errors: of parameters for positive and for negative inputs, ``(copies, out, in / groups, kh, kw)``.
        bias: signed errors.
        known: of what is read; one copy.
        slack: ``(copies, out, ...)``, at least 0: the rest of the univariate neurons' remainders, and what else each
            output of the ticket may be off by.
        curve: order and coefficients of the first term of the remainders.
    """
    round_off = gamma(8 * errors[0].value[:, :, 0].numel() + 64)
    x, difference, ticket = (one.magnitude[0] for one in (known.target, known.difference, known.ticket))
    size, off, carried = (affine.upper(affine.kernel.abs(), one[None]) for one in (x, difference, ticket))
    met = _met(affine, errors, round_off, up(x + up(difference + ticket)))
    order, sides = 1, None
    if curve is not None:
        order, sides = curve[0], _sides(*curve[1:])
        met = met + _met(affine, curve[1:], round_off, power(ticket, order))
    target, apart, own = biases(affine, bias, met)
    whole = spread(bias.slack, met) + slack + met
    offsets = Offsets(
        target, apart, own, round_off * size[0],
        whole + round_off * off, whole + round_off * carried + UNIT * (target.abs() + apart.abs()),
    )  # fmt: skip
    seen = Interval(known.ticket.low[0], known.ticket.high[0])
    common = not bool(known.difference.magnitude.any())
    return CommonMap(affine, _sides(*errors), sides, order, seen, offsets, common)


def _met(affine: Affine, pair: tuple[Signed, Signed], round_off: float, sizes: Tensor) -> Tensor:
    """What slack and rounding of signed coefficients cost on values of ``sizes``."""
    value = torch.maximum(pair[0].value.abs(), pair[1].value.abs())
    slack = torch.maximum(pair[0].slack, pair[1].slack)
    return upper_per_copy(affine, slack + round_off * value, sizes)


def _sides(positive: Signed, negative: Signed) -> Sides:
    one = positive.value.flatten(0, 1)
    return Sides(one, one if bool((positive.value == negative.value).all()) else negative.value.flatten(0, 1))
