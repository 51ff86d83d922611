"""Error of a ticket, stage by stage: how far any copy of a neuron can be from its target on a box.

Write ``W``, ``x`` for the target's weights and values, hats for the ticket's, ``e_ia >= |x_i - x^_ia|`` for copy
``a`` of input ``i``. Then, with ``*`` the target's (padded, strided) cross-correlation,

- `Common` (one common input ``x^ in [low - e, high + e]``, ``p = max(x^, 0)``, ``n = max(-x^, 0)`` at their
  largest, ``X = max(p, n)``): ``|y_j - y^_jk| <= |W| * e + |D x^ + bias error| + R * X^q``, from
  ``y - y^ = sum W_i (x_i - x^_i) + sum d_i(sign x^_i) x^_i + bias error - remainders``, where ``|D x^|`` is at most
  ``min(max(|d+|, |d-|) * X, |d+| * p + |d-| * n)``, and with x^ of one sign within r of c
  ``|D x^ + bias error| <= |d c + bias error| + |d| r``;
- `Copies` (weights ``v_ia`` to the copies of each input):
  ``|y_j - y^_jk| <= |delta c + bias error| + |delta| r + |v| * e`` for x within r of c, from
  ``y - y^ = sum_i (W_i - sum_a v_ia) x_i + bias error + sum_ia v_ia (x_i - x^_ia)``: the parameter error meets the
  *target's* value, so no cross term is left, and it is the selected mass that amplifies, not ``|W|``.

Parameter errors keep their signs, so those that cancel at the middle of the box cost nothing. A skip adds its own
errors, copy to copy. After the sum: an activation multiplies by its Lipschitz constant and is capped by the distance
between the two output ranges; average pooling averages, max pooling takes the largest error of a window. Each sum is
rounded upward, so the statements hold for the functions in real arithmetic.

Source: derived for this project (first-order error recursion of strong-ticket proofs, with copies kept apart).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sltk.certify.certificate import Certificate, StageError, Way
from sltk.certify.contributions import Contributions
from sltk.certify.intervals import Box, StageRanges, ranges
from sltk.certify.realised import Realised
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval, apart, widened
from sltk.core.numerics.rounding import require_finite, up
from sltk.networks.network import Network, Stage

_POSTERIOR = (
    "actual parameter errors and selected weights, interval ranges of the target, errors of the copies kept "
    "apart, float64 rounded upward; for the functions in real arithmetic"
)


@dataclass(frozen=True)
class Carried:
    """What is known of one value of the ticket.

    Attributes:
        errors: ``(copies, *shape)``, upper bounds of ``|target - ticket copy|``.
        ticket: interval of each ticket copy, ``(copies, *shape)``.
        coarse: one number that bounds all errors, from maxima alone.
    """

    errors: Tensor
    ticket: Interval
    coarse: float


@dataclass(frozen=True)
class ErrorState:
    """Errors of the ticket before stage ``stage``.

    Attributes:
        network: the target.
        box: the domain.
        ranges: intervals of the target, one entry a stage.
        stage: index of the next stage; ``len(network.stages)`` at the end.
        values: of the input, then of what leaves each stage so far.
        layers: contributions so far.
        signs: whether errors of parameters keep their signs; a search that weighs copies by their errors goes by sizes.
    """

    network: Network
    box: Box
    ranges: tuple[StageRanges, ...]
    stage: int
    values: tuple[Carried, ...]
    layers: tuple[StageError, ...] = ()
    signs: bool = True

    @property
    def _entering(self) -> Carried:
        """What the next stage reads; at the end, the output."""
        if self.stage < len(self.ranges):
            return self.values[self.network.wires[self.stage].reads + 1]
        return self.values[-1]

    @property
    def errors(self) -> Tensor:
        """``(copies, *shape)``, errors of what the next stage reads."""
        return self._entering.errors

    @property
    def ticket(self) -> Interval:
        """Where the copies of what the next stage reads lie."""
        return self._entering.ticket

    @property
    def coarse(self) -> float:
        """Bound of all errors of what the next stage reads, from maxima alone."""
        return self._entering.coarse

    @property
    def target(self) -> Interval:
        """Where the target's values that enter the next stage lie, ``(*shape)``."""
        if self.stage < len(self.ranges):
            return self.ranges[self.stage].entering
        return self.ranges[-1].leaving


def start(network: Network, box: Box, signs: bool = True) -> ErrorState:
    """State before the first stage: one copy, no error.

    Args:
        network: the target.
        box: the domain.
        signs: whether errors of parameters keep their signs.

    Raises:
        SltkError: where the network has no stage, the box does not fit, or a range leaves float64.
    """
    if not network.stages:
        raise SltkError("start needs a network with at least one stage, but got none; add an affine map.")
    found = tuple(ranges(network, box))
    entering = found[0].entering
    ticket = Interval(entering.low[None], entering.high[None])
    return ErrorState(network, box, found, 0, (Carried(torch.zeros_like(ticket.low), ticket, 0.0),), (), signs)


def step(state: ErrorState, stage_index: int, realised: Realised) -> ErrorState:
    """Carry the errors through stage ``stage_index``.

    Args:
        state: errors at its input.
        stage_index: must be ``state.stage``; stages come in order.
        realised: the ticket's parameter errors and selected masses there.

    Returns:
        The state at the next stage, with this stage's contributions recorded.

    Raises:
        SltkError: out of turn; shapes that do not fit; a univariate neuron that leaves the radius of its
            remainder bound; a bound beyond float64.
    """
    stage = _turn(state, stage_index)
    realised.fits(stage.affine, state.errors.shape[0])
    terms = realised.contributions(stage.affine, state.target, state.ticket, state.errors)
    if state.signs:
        terms = replace(terms, own=realised.own(stage.affine, state.target, state.ticket))
    skips = [state.values[added + 1] for added in stage.adds]
    joined = _joined(terms.total(), [skip.errors for skip in skips])
    affine = require_finite(joined, f"error bound of stage '{stage.affine.name}'")
    errors, ticket, capped = _after(stage, state.ranges[stage_index], affine)
    coarse = _coarse(state, stage, realised, terms, [skip.coarse for skip in skips])
    layer = _record(stage, realised, terms, affine, errors, coarse, capped)
    left = (*state.values, Carried(errors, ticket, coarse))
    return replace(state, stage=stage_index + 1, values=left, layers=(*state.layers, layer))


def _joined(errors: Tensor, skips: list[Tensor]) -> Tensor:
    """Errors of a sum: copy ``k`` of a skip joins copy ``k``."""
    for skip in skips:
        errors = up(errors + skip)
    return errors


def conclude(state: ErrorState, kind: str = "a posteriori", method: str = _POSTERIOR) -> Certificate:
    """Close the recursion.

    Args:
        state: after the last stage.
        kind: ``"a posteriori"`` or ``"a priori"``.
        method: what the numbers rest on.

    Raises:
        SltkError: where stages are left.
    """
    count = len(state.network.stages)
    if state.stage != count:
        raise SltkError(f"conclude needs all {count} stages, but {state.stage} are done; step through the rest.")
    per_output = state.errors.amax(0)
    bound = float(per_output.max())
    ways = (Way("intervals", bound, "errors carried forward stage by stage; the table is theirs"),)
    return Certificate(bound, per_output, state.coarse, state.layers, state.box, kind, method, ways)


def certify(network: Network, box: Box, realised: Iterable[Realised]) -> Certificate:
    """A posteriori certificate of a whole ticket.

    Args:
        network: the target.
        box: the domain.
        realised: one entry a stage, in order.

    Raises:
        SltkError: where entries are missing, left over, or do not fit.
    """
    state = start(network, box)
    for index, entry in enumerate(realised):
        state = step(state, index, entry)
    return conclude(state)


def _turn(state: ErrorState, stage_index: int) -> Stage:
    if stage_index != state.stage or stage_index >= len(state.network.stages):
        raise SltkError(
            f"step needs stage_index={state.stage} (stages come in order, {len(state.network.stages)} in all), "
            f"but got stage_index={stage_index}."
        )
    return state.network.stages[stage_index]


def _coarse(state: ErrorState, stage: Stage, realised: Realised, terms: Contributions, skips: list[float]) -> float:
    level = torch.full_like(state.errors, state.coarse)
    largest = terms.total(realised.inherited(stage.affine, level)).max()
    largest = _joined(largest, [torch.full_like(largest, skip) for skip in skips])
    for op in stage.after:
        largest = op.through_largest(largest)
    return float(require_finite(largest, f"coarse error bound of stage '{stage.affine.name}'"))


def _after(stage: Stage, target: StageRanges, errors: Tensor) -> tuple[Tensor, Interval, bool]:
    """Errors and ticket behind the stage, and whether the ranges alone bound its largest error."""
    ticket, capped = widened(target.affine, errors), False
    for op, reached in zip(stage.after, target.steps, strict=True):
        seen = op.image(ticket)
        handed, most = op.through(errors), apart(reached, seen)
        errors = torch.minimum(handed, most)
        capped |= bool(((most < handed) & (errors == errors.max())).any())
        near = widened(reached, errors)
        ticket = Interval(torch.maximum(seen.low, near.low), torch.minimum(seen.high, near.high))
    return errors, ticket, capped


def _record(
    stage: Stage, realised: Realised, terms: Contributions, affine: Tensor, errors: Tensor, coarse: float, capped: bool
) -> StageError:
    return StageError(
        name=stage.affine.name,
        kind=realised.kind,
        parameter=float(terms.parameter.max()),
        remainder=float(terms.remainder.max()),
        bias=float(terms.bias.max()),
        inherited=float(terms.inherited.max()),
        gain=terms.gain,
        affine=float(affine.max()),
        leaving=float(errors.max()),
        coarse=coarse,
        capped=capped,
    )
