"""What a ticket computes, read back from its mask and its source alone.

For every target stage the kept weights are redrawn, grouped by the parameter that they serve, and summed. The
differences to the target's parameters, with an allowance for the rounding of these very sums, are what the
certificate works with. The solver's own record is not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]  # it has none
from torch import Tensor

from sltk.certify.common import Bend, Common
from sltk.certify.copies import Copies
from sltk.certify.signed import Signed
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.pools.samples import constant_values
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags, Indices, Values
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.activations.activation import Curve
from sltk.networks.affine import Affine

UNIT = 2.0**-53


@dataclass(frozen=True)
class KeptWeights:
    """Kept weights of a combining layer, decoded."""

    value: Values
    j: Indices
    k: Indices
    channel: Indices
    s: Indices

    def select(self, rows: Indices | Flags) -> "KeptWeights":
        """Those of ``rows``."""
        return KeptWeights(self.value[rows], self.j[rows], self.k[rows], self.channel[rows], self.s[rows])


def decode(source: Source, role: Role, kept: Indices) -> KeptWeights:
    """Which output, copy, input channel and tap each kept weight belongs to."""
    rest, s = np.divmod(kept, role.inner)
    row, column = np.divmod(rest, role.width)
    channel = source.layers[role.combine].channel_of(row, column)
    j, k = np.divmod(row, role.copies_out)
    if row.size and int(row.max()) >= role.outputs * role.copies_out:
        raise SltkError(f"the mask keeps weights into constant neurons of stage {role.stage}: it is not of this plan.")
    return KeptWeights(source.weights(role.combine, kept), j, k, channel, s)


def weights_and_constants(source: Source, role: Role, masks: Sequence[LayerMask]) -> tuple[KeptWeights, KeptWeights]:
    """Kept weights of a stage that carry its inputs, and those that read constant neurons."""
    kept = decode(source, role, masks[role.combine].weight)
    carries = kept.channel < role.inputs * role.copies_in
    return kept.select(carries), kept.select(~carries)


def require_of_plan(plan: SourcePlan, masks: Sequence[LayerMask]) -> None:
    """Check that masks keep nothing but what some role of ``plan`` reads, so that what is read back is all there is.

    Raises:
        SltkError: a kept bias of a neuron that is no constant, or a kept weight into one that is.
    """
    for index, (layer, mask) in enumerate(zip(plan.layers, masks, strict=True)):
        constant, computing = np.zeros(layer.outputs, dtype=bool), layer.outputs
        for role in plan.roles:
            constants = role.constants
            if constants is None or role.below != index:
                continue
            computing = min(computing, constants.start)
            if not constants.intercept:
                constant[constants.start : constants.start + constants.count] = True
        if mask.bias.size and not constant[mask.bias].all():
            raise SltkError(f"the mask keeps biases of layer {layer.name!r} that are no constants: not of this plan.")
        if mask.weight.size and int(mask.weight[-1]) // (layer.weight_count // layer.outputs) >= computing:
            raise SltkError(f"the mask keeps weights into constant neurons of layer {layer.name!r}: not of this plan.")


def realise(
    source: Source, role: Role, masks: Sequence[LayerMask], affine: Affine, read: Flags | None = None
) -> Common | Copies:
    """Effective parameters of one stage against the target's.

    Args:
        read: ``(copies_out, outputs)``; neurons that nothing reads count as if they were exact, since the ticket
            computes the same whatever they are. ``None`` where all are read.

    Returns:
        Parameter and bias errors, target minus ticket, with an allowance for their rounding: a sum of N floats in any
        order errs by at most ``gamma_N sum |terms|`` with ``gamma_N = N u / (1 - N u)``, ``u = 2**-53``.
    """
    weights, constants = weights_and_constants(source, role, masks)
    bias = _of_any(bias_errors(source, role, masks, affine, (weights, constants)))
    if role.first is None:
        found = _copies(role, affine, weights, bias)
    else:
        found = _common(source, role, masks, affine, weights, bias)
    return found if read is None else _unread_are_exact(found, read)


def _unread_are_exact(found: Common | Copies, read: Flags) -> Common | Copies:
    """``found`` without the errors of neurons that nothing reads."""
    there = tensor_of(read).to(torch.float64)
    names = [name for name, value in vars(found).items() if isinstance(value, Signed)]
    return replace(found, **{name: _where(getattr(found, name), there) for name in names})


def _where(error: Signed, there: Tensor) -> Signed:
    factor = there.reshape(*there.shape, *[1] * (error.value.ndim - 2))
    return Signed(error.value * factor, error.slack * factor)


def _copies(role: Role, affine: Affine, weights: KeptWeights, bias: Signed) -> Copies:
    total, size, count = sums_by_parameter(role, weights, weights.value)
    i, a = np.divmod(weights.channel, role.copies_in)
    rows = weights.k * role.outputs + weights.j
    columns = (a * role.inputs + i) * role.inner + weights.s
    shape = (role.copies_out * role.outputs, role.copies_in * role.inputs * role.inner)
    selected = csr_matrix((weights.value, (rows, columns)), shape=shape)
    return Copies(delta=_off(role, affine, total, size, count), selected=selected, bias=bias)


def _common(
    source: Source, role: Role, masks: Sequence[LayerMask], affine: Affine, weights: KeptWeights, bias: Signed
) -> Common:
    phi = role.activation
    assert phi is not None
    incoming = kept_incoming(source, role, masks)[weights.channel]
    product = weights.value * incoming
    right, left = phi.slope_positive, phi.slope_negative
    on_positive = product * np.where(incoming > 0, right, left)
    on_negative = product * np.where(incoming > 0, left, right)
    bend = np.abs(weights.value) * phi.remainder.coefficient * np.abs(incoming) ** phi.remainder.order
    remainder, _, count = sums_by_parameter(role, weights, bend)
    return Common(
        delta_positive=_off(role, affine, *sums_by_parameter(role, weights, on_positive)),
        delta_negative=_off(role, affine, *sums_by_parameter(role, weights, on_negative)),
        remainder=_shaped(role, affine, remainder * (1.0 + (count + 16.0) * UNIT)),
        bias=bias,
        order=phi.remainder.order,
        radius=phi.remainder.radius,
        reach=float(np.abs(incoming).max(initial=0.0)),
        bend=None if phi.curve is None else _bend(role, affine, weights, incoming, phi.curve),
    )


def _bend(role: Role, affine: Affine, weights: KeptWeights, incoming: Values, curve: Curve) -> Bend:
    size, rest = np.abs(incoming) ** curve.order, curve.rest
    sides: list[Signed] = []
    for toward, away in ((curve.right, curve.left), (curve.left, curve.right)):
        terms = weights.value * size * np.where(incoming > 0, toward, away)
        total, sizes, count = sums_by_parameter(role, weights, terms)
        # 16 covers the power, the products and the constant's own rounding.
        sides.append(Signed(_shaped(role, affine, total), _shaped(role, affine, (count + 24.0) * 1.01 * UNIT * sizes)))
    last = np.abs(weights.value) * rest.coefficient * np.abs(incoming) ** rest.order
    most, _, count = sums_by_parameter(role, weights, last)
    upper = _shaped(role, affine, most * (1.0 + (count + 32.0) * UNIT))
    return Bend(curve.order, sides[0], sides[1], upper, rest.order, rest.radius)


def kept_incoming(source: Source, role: Role, masks: Sequence[LayerMask]) -> Values:
    """The kept weight into each univariate neuron, 0 where it is pruned, ``(inputs * copies_in,)``."""
    assert role.first is not None
    kept = masks[role.first].weight
    neuron, column = np.divmod(kept, role.fan)
    if np.any(column != neuron // role.copies_in % role.fan) or np.any(np.diff(neuron) == 0):
        raise SltkError(f"the univariate layer of stage {role.stage} keeps a weight of another input.")
    incoming = np.zeros(role.inputs * role.copies_in)
    incoming[neuron] = source.weights(role.first, kept)
    return incoming


def sums_by_parameter(role: Role, weights: KeptWeights, terms: Values) -> tuple[Values, Values, Values]:
    """Sum, sum of sizes, and number of terms for every parameter and copy."""
    i = weights.channel // role.copies_in % role.fan
    place = ((weights.k * role.outputs + weights.j) * role.fan + i) * role.inner + weights.s
    length = role.copies_out * role.outputs * role.fan * role.inner
    total, size, count = (
        np.bincount(place, values, length).astype(np.float64) for values in (terms, np.abs(terms), np.ones(place.size))
    )
    return total, size, count


def _off(role: Role, affine: Affine, total: Values, size: Values, count: Values) -> Signed:
    """The parameter error ``theta - sum``; exactly 0 where the parameter and its subset are both empty."""
    theta = np.tile(affine.weight.numpy().reshape(-1), role.copies_out)
    # 6 covers the products v w m and the slope's own rounding, 1 the subtraction.
    allowance = (count + 7.0) * 1.01 * UNIT * (size + np.where(count > 0, np.abs(theta), 0.0))
    return Signed(_shaped(role, affine, theta - total), _shaped(role, affine, allowance))


def _shaped(role: Role, affine: Affine, flat: Values) -> Tensor:
    return tensor_of(flat.reshape(role.copies_out, *affine.kernel.shape))


def bias_errors(
    source: Source, role: Role, masks: Sequence[LayerMask], affine: Affine, kept: tuple[KeptWeights, KeptWeights]
) -> list[Signed]:
    """``b_j - d sum v - sum v c``, ``(copies_out, outputs)``, in each phase of the output.

    Args:
        kept: weights and constants of the stage, as ``weights_and_constants`` has them; ``d`` is what every weight
            brings along.

    Raises:
        SltkError: a kept constant that does not reach every pixel of its phase.
    """
    weights, constants = kept
    _require_carried(role, constants)
    emitted = _emitted(source, role, masks)[constants.channel - role.inputs * role.copies_in]
    terms = constants.value * emitted
    phases = (np.isin(constants.s, taps) for taps in role.phases)
    return [_phase_error(role, affine, weights, constants.select(here), terms[here]) for here in phases]


def _of_any(phases: list[Signed]) -> Signed:
    """What lies in any of the phases."""
    if len(phases) == 1:
        return phases[0]
    low = torch.stack([one.value - one.slack for one in phases]).amin(0)
    high = torch.stack([one.value + one.slack for one in phases]).amax(0)
    middle = (low + high) / 2
    # Sums and differences of the ends round by a unit each.
    half = torch.maximum(high - middle, middle - low) + 8.0 * UNIT * torch.maximum(low.abs(), high.abs())
    return Signed(middle, half)


def _require_carried(role: Role, constants: KeptWeights) -> None:
    carrying = np.concatenate([np.array(taps, dtype=np.int64) for taps in role.phases])
    if not np.isin(constants.s, carrying).all():
        raise SltkError(
            f"the mask keeps constants of stage {role.stage} at taps that do not reach every pixel: not of this plan."
        )


def _phase_error(role: Role, affine: Affine, weights: KeptWeights, constants: KeptWeights, carried: Values) -> Signed:
    terms = np.concatenate([carried, weights.value * role.intercept])
    row = np.concatenate([constants.k, weights.k]) * role.outputs + np.concatenate([constants.j, weights.j])
    length = role.copies_out * role.outputs
    total, size = np.bincount(row, terms, length), np.bincount(row, np.abs(terms), length)
    count = np.bincount(row, minlength=length)
    bias = np.tile(affine.bias.numpy(), role.copies_out)
    # 256 covers the products and phi(b), whose relative error grows with b where phi is a tail.
    allowance = (count + 256.0) * 1.01 * UNIT * (size + np.where(count > 0, np.abs(bias), 0.0))
    shape = (role.copies_out, role.outputs)
    return Signed(*(tensor_of(np.asarray(values).reshape(shape)) for values in (bias - total, allowance)))


def _emitted(source: Source, role: Role, masks: Sequence[LayerMask]) -> Values:
    """What each constant neuron emits under the mask: ``phi(b)`` where its bias is kept, else ``phi(0)``."""
    constants = role.constants
    if constants is None:
        return np.zeros(0)
    values = constant_values(source, role.below, constants)
    if constants.intercept:
        return values
    kept = np.isin(constants.start + np.arange(constants.count), masks[role.below].bias)
    return np.where(kept, values, constants.activation.intercept)
