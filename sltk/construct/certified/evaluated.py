"""What the sums of a ticket lose when its module is run, read back from its mask and its source."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from sltk.certify.as_run.evaluation import Evaluation, KeptConstants, OfCommon, OfCopies
from sltk.certify.copies import Copies
from sltk.certify.maps import sizes
from sltk.certify.realised import Realised
from sltk.certify.sparse import SparseMap
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import constant_values
from sltk.construct.realise import KeptWeights, kept_incoming, sums_by_parameter, weights_and_constants
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.rounding import swell, up
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.activations.activation import Activation, Rounding
from sltk.networks.affine import Affine
from sltk.networks.network import Stage
from sltk.networks.ops.avg_pool import AvgPool

EXACT = Rounding(0.0, 0.0)


def evaluation(
    source: Source, role: Role, masks: Sequence[LayerMask], stages: Sequence[Stage], realised: Realised
) -> Evaluation:
    """What stage ``role.stage`` loses when it is computed.

    Raises:
        SltkError: a kept weight that float32 does not have.
    """
    affine = stages[role.stage].affine
    weights, constants = weights_and_constants(source, role, masks)
    _require_float32(weights.value, role)
    _require_float32(constants.value, role)
    shape = (role.copies_out, role.outputs)
    row = np.concatenate([_row(role, weights), _row(role, constants)])
    terms = tensor_of(np.bincount(row, minlength=shape[0] * shape[1]).astype(np.float64))
    kept = _constants(source, role, masks, stages, constants)
    if isinstance(realised, Copies):
        return OfCopies(SparseMap(affine, sizes(realised.selected)), shape, terms, kept)
    effective = SparseMap.of(affine, up(affine.kernel.abs() + realised.weight_error(nonnegative=False)))
    return _common(source, role, masks, affine, weights, (shape, terms, kept), effective)


def _common(
    source: Source, role: Role, masks: Sequence[LayerMask], affine: Affine, weights: KeptWeights,
    parts: tuple[tuple[int, int], torch.Tensor, KeptConstants], effective: SparseMap,
) -> OfCommon:  # fmt: skip
    phi = role.activation
    assert phi is not None
    incoming = kept_incoming(source, role, masks)
    _require_float32(incoming, role)
    into = incoming[weights.channel]
    size = np.abs(weights.value * into)
    right, left = (phi.lipschitz, phi.lipschitz) if phi.curved else (abs(phi.slope_positive), abs(phi.slope_negative))
    sides = (np.where(into > 0, right, left), np.where(into > 0, left, right))
    rising, falling = (_map(role, affine, weights, size * side) for side in sides)
    # What is 0 but for rounding may be computed as another number.
    there = sides if phi.rounding == EXACT else (np.ones_like(size), np.ones_like(size))
    rises, falls = (_map(role, affine, weights, np.sign(size * side)) if _still(phi) else None for side in there)
    length = role.copies_out * role.outputs
    mass = swell(tensor_of(np.bincount(_row(role, weights), np.abs(weights.value), length)), weights.value.size + 4)
    return OfCommon(
        rising, falling, rises, falls, effective, mass, float(np.abs(incoming).max(initial=0.0)), phi, *parts
    )


def _still(phi: Activation) -> bool:
    """Whether ``phi(0)`` is 0, as computed too."""
    return phi.intercept == 0.0 and not any(float(phi(torch.zeros(1, dtype=d))) for d in (torch.float32, torch.float64))


def _map(role: Role, affine: Affine, weights: KeptWeights, terms: Values) -> SparseMap:
    total, _, count = sums_by_parameter(role, weights, terms)
    upper = swell(tensor_of(total), int(count.max(initial=0.0)) + 4)
    return SparseMap.of(affine, upper.reshape(role.copies_out, *affine.kernel.shape))


def _row(role: Role, weights: KeptWeights) -> Indices:
    return weights.k * role.outputs + weights.j


def _constants(
    source: Source, role: Role, masks: Sequence[LayerMask], stages: Sequence[Stage], kept: KeptWeights
) -> KeptConstants:
    """The constants that are read, as computed: a bias of the layer below, its activation, and the averages behind."""
    constants = role.constants
    own = kept.channel - role.inputs * role.copies_in
    if constants is None or not own.size:
        empty = torch.zeros(0, dtype=torch.float64)
        return KeptConstants(empty.long(), empty, empty, empty, None)
    values = constant_values(source, role.below, constants)
    biases = np.zeros(constants.count)
    if not constants.intercept:
        place = constants.start + np.arange(constants.count)
        biases = np.where(np.isin(place, masks[role.below].bias), source.biases(role.below, place), 0.0)
        values = np.where(biases != 0.0, values, constants.activation.intercept)
    columns = (np.abs(kept.value), np.abs(values[own]), np.abs(biases[own]))
    steps = () if role.univariate else stages[_read(stages, role)].after
    pooled = sum(math.prod(vars(step)["kernel"]) + 1 for step in steps if step.tag == AvgPool.tag)
    return KeptConstants(
        tensor_of(_row(role, kept)), *map(tensor_of, columns), activation=constants.activation, pooled=pooled
    )


def _read(stages: Sequence[Stage], role: Role) -> int:
    reads = stages[role.stage].reads
    return role.stage - 1 if reads is None else reads


def _require_float32(values: Values, role: Role) -> None:
    if not np.array_equal(values.astype(np.float32).astype(np.float64), values):
        raise SltkError(
            f"stage {role.stage} keeps weights that float32 does not have, so that its module is not mask times "
            "source; use a law whose draws are numbers of float32, and scales within its range."
        )
