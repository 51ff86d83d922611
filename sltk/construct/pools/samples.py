"""Which source weights a subset-sum problem may choose from, decided before the target is seen.

Entry ``(j, k, c, s)`` of a combining layer (output ``j``, copy ``k``, input channel ``c``, tap or pixel ``s``)
has flat index ``((j R + k) C + c) inner + s``; the channels are the copies ``i rho + a`` of the inputs ``i``, then
the constant neurons.
"""

from dataclasses import dataclass

import numpy as np

from sltk.construct.methods.roles import Constants, Role
from sltk.construct.source import Source
from sltk.core.arrays import Indices, Values


@dataclass(frozen=True)
class PoolSide:
    """One family of subset sums of a stage.

    Args:
        neurons: ``(inputs, n)`` copies ``a`` that each input's pools use; -1 where there are fewer.
        incoming: ``(inputs, n)`` weights into those copies; ones where the copies carry activations.
        slope: a parameter is ``slope * sum v w``.
        label: ``weight``, or ``weight+`` and ``weight-`` where a kink asks for two sums.
    """

    neurons: Indices
    incoming: Values
    slope: float
    label: str


def sides(source: Source, role: Role) -> list[PoolSide]:
    """The families of pools of a stage."""
    if role.first is None or role.activation is None:
        neurons = np.broadcast_to(np.arange(role.samples), (role.inputs, role.samples))
        return [PoolSide(neurons, np.ones(neurons.shape), 1.0, "weight")]
    phi, incoming = role.activation, incoming_weights(source, role)
    both = phi.slope_positive + phi.slope_negative
    match role.sides:
        case "smooth":
            neurons = np.broadcast_to(np.arange(role.samples), (role.inputs, role.samples))
            return [PoolSide(neurons, incoming[:, : role.samples], phi.slope_positive, "weight")]
        case "split":
            return [_signed(incoming, role, 1, both, "weight+"), _signed(incoming, role, -1, both, "weight-")]
        case "positive":
            return [_signed(incoming, role, 1, phi.slope_positive, "weight")]
        case "negative":
            return [_signed(incoming, role, -1, phi.slope_negative, "weight")]


def incoming_weights(source: Source, role: Role) -> Values:
    """The one weight that each univariate neuron keeps, ``(inputs, copies)``."""
    assert role.first is not None
    return source.weights(role.first, incoming_index(role, np.arange(role.inputs * role.copies_in))).reshape(
        role.inputs, role.copies_in
    )


def incoming_index(role: Role, channel: Indices) -> Indices:
    """Flat index, in the univariate layer, of the weight that feeds neuron ``channel = i rho + a``."""
    return channel * role.inputs + channel // role.copies_in


def _signed(incoming: Values, role: Role, sign: int, slope: float, label: str) -> PoolSide:
    """The first n neurons of every input whose weight has the wanted sign."""
    wanted = np.sign(incoming) == sign
    order = np.argsort(~wanted, axis=1, kind="stable")[:, : role.samples]
    present = np.take_along_axis(wanted, order, axis=1)
    weights = np.where(present, np.take_along_axis(incoming, order, axis=1), 0.0)
    return PoolSide(np.where(present, order, -1), weights, slope, label)


def flat_index(role: Role, j: Indices, k: Indices, channel: Indices, s: Indices) -> Indices:
    """Flat index in the combining layer's weight tensor; the arguments broadcast."""
    return ((j * role.copies_out + k) * role.channels + channel) * role.inner + s


@dataclass(frozen=True)
class ConstantPool:
    """The samples of one pool of constants, the same for every bias: channels, taps, and constant values."""

    channels: Indices
    taps: Indices
    values: Values


def constant_pools(source: Source, role: Role) -> list[ConstantPool]:
    """Pools of the stage's constants, coarse to fine; neurons whose constant is zero offer nothing."""
    constants = role.constants
    if constants is None:
        return []
    pools, start = [], 0
    values = constant_values(source, role.below, constants)
    for count in constants.pools:
        usable = start + np.flatnonzero(values[start : start + count])
        channels = np.tile(usable, len(role.taps))[: constants.samples]
        taps = np.repeat(np.array(role.taps, dtype=np.int64), usable.size)[: constants.samples]
        pools.append(ConstantPool(role.inputs * role.copies_in + channels, taps, values[channels]))
        start += count
    return pools


def constant_values(source: Source, layer: int, constants: Constants) -> Values:
    """What each constant neuron of ``layer`` emits, ``(count,)``."""
    if constants.intercept:
        return np.full(constants.count, constants.activation.intercept)
    biases = source.biases(layer, constants.start + np.arange(constants.count))
    return np.array([constants.activation.constant(float(b)) for b in biases])
