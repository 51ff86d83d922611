"""Which source weights a subset-sum problem may choose from, decided before the target is seen.

Entry ``(j, k, c, s)`` of a combining layer (output ``j``, copy ``k``, input channel ``c``, tap or pixel ``s``)
has flat index ``((j R + k) C + c) inner + s``; the channels are the copies ``i rho + a`` of the inputs ``i``, then
the constant neurons. With groups, an output has the copies of its own group's inputs alone, and the constants.
"""

from dataclasses import dataclass

import numpy as np

from sltk.construct.methods.roles import Constants, Role
from sltk.construct.methods.sums import Sum
from sltk.construct.pools.places import constant_places, of_sign, picked
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Indices, Values


@dataclass(frozen=True)
class PoolSide:
    """One family of subset sums of a stage.

    Args:
        sum: what the sums amount to.
        neurons: ``(inputs, n)`` copies ``a`` that each input's pools use; -1 where there are fewer.
        incoming: ``(inputs, n)`` weights into those copies; ones where the copies carry activations.
    """

    sum: Sum
    neurons: Indices
    incoming: Values


def sides(source: Source, role: Role) -> list[PoolSide]:
    """The families of pools of a stage."""
    shape = (role.inputs, role.samples)
    if not role.univariate:
        return [PoolSide(one, np.broadcast_to(np.arange(role.samples), shape), np.ones(shape)) for one in role.sums]
    incoming = incoming_weights(source, role)
    families = [(one, of_sign(incoming, one.sign, role.samples)) for one in role.sums]
    return [PoolSide(one, neurons, picked(incoming, neurons)) for one, neurons in families]


def incoming_weights(source: Source, role: Role) -> Values:
    """The one weight that each univariate neuron keeps, ``(inputs, copies)``."""
    assert role.first is not None
    return source.weights(role.first, incoming_index(role, np.arange(role.inputs * role.copies_in))).reshape(
        role.inputs, role.copies_in
    )


def incoming_index(role: Role, channel: Indices) -> Indices:
    """Flat index, in the univariate layer, of the weight that feeds neuron ``channel = i rho + a``."""
    return channel * role.fan + channel // role.copies_in % role.fan


def flat_index(role: Role, j: Indices, k: Indices, channel: Indices, s: Indices) -> Indices:
    """Flat index in the combining layer's weight tensor; the arguments broadcast."""
    if role.groups > 1:
        own, apart = role.inputs * role.copies_in, (role.inputs - role.fan) * role.copies_in
        first = role.input_of(j, np.zeros_like(j)) * role.copies_in
        channel = np.where(channel < own, channel - first, channel - apart)
    return ((j * role.copies_out + k) * role.width + channel) * role.inner + s


@dataclass(frozen=True)
class ConstantPool:
    """The samples of one pool of constants, the same for every bias: channels, taps, and constant values."""

    channels: Indices
    taps: Indices
    values: Values


def constant_pools(source: Source, role: Role, phase: int = 0) -> list[ConstantPool]:
    """Pools of the stage's constants for one phase, coarse to fine; neurons whose constant is zero offer nothing."""
    constants = role.constants
    if constants is None:
        return []
    pools, start = list[ConstantPool](), 0
    values = constant_values(source, role.below, constants)
    all_taps = np.array(role.phases[phase], dtype=np.int64)
    for count in constants.pools:
        places, turn = constant_places(values[None, start : start + count], all_taps.size, constants.samples)
        there = places[0] >= 0
        channels = start + places[0][there]
        taps = all_taps[turn[0][there]]
        pools.append(ConstantPool(role.inputs * role.copies_in + channels, taps, values[channels]))
        start += count
    return pools


def constant_values(source: Source, layer: int, constants: Constants) -> Values:
    """What each constant neuron of ``layer`` emits, ``(count,)``."""
    if constants.intercept:
        return np.full(constants.count, constants.activation.intercept)
    biases = source.biases(layer, constants.start + np.arange(constants.count))
    return np.array([constants.activation.constant(float(b)) for b in biases])
