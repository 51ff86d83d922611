"""A stage whose copies all read one common input through univariate neurons."""

from dataclasses import dataclass
from math import inf, nextafter

import torch
from torch import Tensor

from sltk.certify.boxes.matrices import Univariate, Weights, matrix_of
from sltk.certify.boxes.matrices import spread as spread_rows
from sltk.certify.contributions import Contributions, shifted, spread
from sltk.certify.differential.common_map import CommonMap, common_map
from sltk.certify.differential.forms import Known, power
from sltk.certify.local.pair_map import FromCommon, PairMap, SignedMap
from sltk.certify.maps import upper_per_copy
from sltk.certify.realised import Realised, parameter_shape, require_shape, store
from sltk.certify.signed import Ball, Signed, image
from sltk.certify.sparse import SparseMap
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import swell
from sltk.networks.affine import Affine


@dataclass(frozen=True)
class Bend:
    """What the univariate neurons add beyond their half lines, its first term with its sign.

    Copy ``k`` of neuron ``j`` adds ``sum_i c_kji |x_i|^order`` with ``c`` of the input's sign, up to
    ``sum_i rest_kji |x_i|^rest_order``, as long as every ``|w x|`` is within ``radius``.

    Args:
        order: of the first term.
        positive, negative: ``(copies, out, in / groups, kh, kw)``, ``sum v c(sign w x) |w|^order``.
        rest: same shape, ``sum |v| K |w|^rest_order``.
        rest_order, radius: of the rest.
    """

    order: int
    positive: Signed
    negative: Signed
    rest: Tensor
    rest_order: int
    radius: float = inf


@dataclass(frozen=True)
class Common(Realised):
    """A stage whose copies all read one common input through univariate neurons ``phi_0(w x)``.

    With ``|phi_0(y) - mu(y)| <= K |y|^q`` on ``|y| <= radius``, copy ``k`` of neuron ``j`` realises
    ``sum_i theta_kji(sign x_i) x_i``, up to the remainder; its constants ``d sum v`` belong to the bias.

    Args:
        delta_positive: ``(copies, out, in / groups, kh, kw)``, target minus effective parameter for ``x > 0``.
        delta_negative: the same for ``x < 0``; equal to it where ``m_+ = m_-``.
        remainder: same shape, the sum over the selected samples of ``|v| K |w|^q``; 0 without curvature.
        bias: ``(copies, out)``, target minus ticket, the constants ``d sum v`` among it.
        order: ``q``.
        radius: where the remainder bound holds.
        reach: largest ``|w|`` among the selected samples.
        bend: the same as ``remainder``, closer; ``None`` where only its size is known.

    Raises:
        SltkError: for wrong shapes, NaN, negative remainders or bias errors, ``order < 1``.
    """

    kind = "common"
    delta_positive: Signed
    delta_negative: Signed
    remainder: Tensor
    bias: Signed
    order: int = 1
    radius: float = inf
    reach: float = 0.0
    bend: Bend | None = None

    def __post_init__(self) -> None:
        store(self, "remainder")
        shape = parameter_shape("Common", self.delta_positive)
        require_shape("Common", "delta_negative", self.delta_negative, shape)
        require_shape("Common", "remainder", self.remainder, shape)
        require_shape("Common", "bias", self.bias, shape[:2])
        if type(self.order) is not int or self.order < 1:
            raise SltkError(f"Common needs an integer order >= 1, but got order={self.order}.")
        if not (self.radius >= 0 and self.reach >= 0 and self.reach < inf):
            raise SltkError(
                f"Common needs radius >= 0 and 0 <= reach < infinity, but got radius={self.radius}, reach={self.reach}."
            )

    @property
    def copies(self) -> int:
        """Copies of every target neuron."""
        return self.delta_positive.shape[0]

    @property
    def products(self) -> int:
        """Those of the parameter errors."""
        return self.delta_positive.value.numel()

    @property
    def parameter_error(self) -> float:
        """Largest error of an effective weight, pruned ones included."""
        return float(self.weight_error(nonnegative=False).max())

    def fits(self, affine: Affine, copies_in: int) -> None:
        """Check against the target's stage and the copies that the stage before has.

        Raises:
            SltkError: where a shape differs, or the input has more than one copy.
        """
        if copies_in != 1:
            raise SltkError(
                f"a Common stage reads one common input, but stage '{affine.name}' gets {copies_in} copies; "
                "hand over Copies here, or realise the stage before with one copy."
            )
        require_shape("Common", "delta_positive", self.delta_positive, (self.copies, *affine.geometry.shape))

    def weight_error(self, nonnegative: bool) -> Tensor:
        """The larger error of both signs, or that for positive inputs where there are no others."""
        positive = self.delta_positive.magnitude
        return positive if nonnegative else torch.maximum(positive, self.delta_negative.magnitude)

    def contributions(self, affine: Affine, target: Interval, ticket: Interval, errors: Tensor) -> Contributions:
        """Parameter errors and remainders meet the ticket's values; see ``sltk.certify.propagate``.

        Raises:
            SltkError: where a univariate neuron leaves the radius of its remainder bound.
        """
        seen = Interval(ticket.low[0], ticket.high[0])
        self._require_radius(affine.name, seen)
        either = upper_per_copy(affine, self.weight_error(nonnegative=False), seen.magnitude)
        rising = upper_per_copy(affine, self.delta_positive.magnitude, seen.high.clamp(min=0))
        falling = upper_per_copy(affine, self.delta_negative.magnitude, (-seen.low).clamp(min=0))
        return Contributions(
            parameter=torch.minimum(either, swell(rising + falling, 2)),
            remainder=upper_per_copy(affine, self.remainder, power(seen.magnitude, self.order)),
            bias=spread(self.bias_error, either),
            inherited=self.inherited(affine, errors),
            gain=float(affine.kernel.abs().flatten(1).sum(1).max()),
        )

    def own(self, affine: Affine, target: Interval, ticket: Interval) -> Tensor:
        """On the ticket's values."""
        met = self._met(affine, Interval(ticket.low[0], ticket.high[0]))
        return (met + shifted(self.bias, met.centre)).largest

    def _met(self, affine: Affine, seen: Interval) -> Ball:
        """Where ``sum d(sign x) x`` lies; with x of both signs it is ``(d+ + d-)/2 x + (d+ - d-)/2 |x|``."""
        rising = seen.low >= 0
        falling = (seen.high <= 0) & ~rising
        mixed = ~(rising | falling)
        folded = Interval(torch.zeros_like(seen.low), seen.magnitude)
        one, other = self.delta_positive, self.delta_negative
        parts = [(one, seen, rising), (other, seen, falling)]
        parts += [(one.half_sum(other), seen, mixed), (one.half_difference(other), folded, mixed)]
        balls = [image(affine, delta, _where(here, x)) for delta, x, here in parts if bool(here.any())]
        return sum(balls[1:], balls[0])

    def map(self, affine: Affine, known: Known, injected: Tensor) -> CommonMap:
        """The target's weights on the differences, parameter errors on the ticket's values.

        Raises:
            SltkError: where a univariate neuron leaves the radius of its remainder bound.
        """
        seen = Interval(known.ticket.low[0], known.ticket.high[0])
        self._require_radius(affine.name, seen)
        bend = self.bend
        if bend is not None and self.reach * float(seen.magnitude.max()) > 0.99 * bend.radius:
            bend = None
        errors, curve = (self.delta_positive, self.delta_negative), None
        rest, order = (self.remainder, self.order) if bend is None else (bend.rest, bend.rest_order)
        if bend is not None and bool((bend.positive.magnitude + bend.negative.magnitude).any()):
            curve = (bend.order, bend.positive, bend.negative)
        remainder = upper_per_copy(affine, rest, power(seen.magnitude, order))
        return common_map(affine, errors, self.bias, known, remainder + injected, curve)

    def matrices(self, affine: Affine, shape: tuple[int, ...], copies_in: int) -> Weights:
        """A function of each input, as ``map`` has it."""

        def flat(weight: Tensor) -> Tensor:
            return matrix_of(affine, weight, shape)

        sides, bend = (self.delta_positive, self.delta_negative), self.bend
        rest, order = (self.remainder, self.order) if bend is None else (bend.rest, bend.rest_order)
        bent = None if bend is None else (bend.positive, bend.negative)
        own = Univariate(
            line=(flat(sides[0].value), flat(sides[1].value)),
            line_slack=flat(torch.maximum(sides[0].slack, sides[1].slack)),
            curve=None if bent is None else (flat(bent[0].value), flat(bent[1].value)),
            curve_slack=flat(torch.zeros_like(rest) if bent is None else torch.maximum(bent[0].slack, bent[1].slack)),
            order=1 if bend is None else bend.order, rest=flat(rest), rest_order=order, limit=self._limit,
        )  # fmt: skip
        bias, slack = (spread_rows(affine, one, shape) for one in (self.bias.value, self.bias.slack))
        return Weights(bias, slack, univariate=own)

    @property
    def _limit(self) -> float:
        """Largest ``|x|`` for which the bound of the remainder holds, or a little less."""
        radius = self.radius if self.bend is None else self.bend.radius
        return inf if self.reach == 0 else 0.99 * radius / self.reach

    def pair(self, affine: Affine) -> PairMap:
        """The target's weights on the differences, parameter errors and remainders on the ticket's values."""
        rising, falling = self.delta_positive, self.delta_negative
        same = torch.equal(rising.value, falling.value) and torch.equal(rising.slack, falling.slack)
        other = None if same else SignedMap.of(affine, falling)
        remainder = SparseMap.of(affine, self.remainder)
        return FromCommon(
            affine, SignedMap.of(affine, rising), other, remainder, self.order, self.bias, self.reach, self.radius
        )

    def inherited(self, affine: Affine, errors: Tensor) -> Tensor:
        """The target's weights amplify, in every copy alike."""
        image = affine.through(errors)
        return image.expand(self.copies, *image.shape[1:])

    def _require_radius(self, name: str, seen: Interval) -> None:
        argument = nextafter(self.reach * float(seen.magnitude.max()), inf)
        if self.reach > 0 and argument > self.radius:
            raise SltkError(
                f"stage '{name}' feeds its univariate neurons up to |w x|={argument:.6g}, but their remainder is "
                f"bounded for |w x| <= {self.radius:.6g} only; use smaller incoming weights or a smaller box."
            )


def _where(here: Tensor, x: Interval) -> Interval:
    """``x`` where ``here`` is true, else 0."""
    return Interval(*(torch.where(here, end, torch.zeros_like(end)) for end in (x.low, x.high)))
