"""Failures as rows: which parameter, in which copy, what was asked, and the nearest sum that its pool has."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sltk.construct.architecture import StageShape
from sltk.construct.failures import Failure, FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import constant_values
from sltk.construct.realise import kept_incoming, sums_by_parameter, weights_and_constants
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Values
from sltk.networks.ops import affine_kind


def failure_rows(
    failures: FailureTable, stages: Sequence[StageShape], source: Source, roles: Sequence[Role],
    masks: Sequence[LayerMask],
) -> list[dict[str, Any]]:  # fmt: skip
    """One row a failure, in the order of the table.

    The mask of a problem that failed keeps the subset of least error, so the nearest sum is read back from it.

    Returns:
        Dicts with ``layer`` and ``stage`` (name and number of the target's affine map), ``kind``, ``index`` (of the
        parameter in the target's weight or bias tensor), ``copy``, and in units of the parameter ``target``,
        ``nearest`` (the sum), ``error`` (``|target - nearest|`` up to rounding) and ``tolerance``.
    """
    known: dict[tuple[int, str, int], Values] = {}
    found = list[dict[str, Any]]()
    for one in failures:
        role, shape = next(role for role in roles if role.stage == one.stage), stages[one.stage]
        key = one.stage, one.kind, one.tap if one.kind == "bias" else 0  # the tap of a bias is its phase
        if key not in known:
            known[key] = _sums(source, role, masks, one.kind, key[2])
        place = one.copy * role.outputs + one.output
        if one.kind != "bias":
            place = (place * role.fan + one.input) * role.inner + one.tap
        where = {"layer": shape.name, "stage": one.stage, "kind": one.kind, "index": _index(one, shape, role)}
        sizes = {"target": one.target, "nearest": float(known[key][place]), "error": one.error}
        found.append({**where, "copy": one.copy, **sizes, "tolerance": one.tolerance})
    return found


def _index(one: Failure, shape: StageShape, role: Role) -> tuple[int, ...]:
    if one.kind == "bias":
        return (one.output,)
    sides = affine_kind(shape.kind).weight_shape(shape.outputs, shape.inputs // shape.groups, shape.inner, shape.kernel)
    flat = (one.output * role.fan + one.input) * role.inner + one.tap  # a method may group the inputs otherwise
    return tuple(int(side) for side in np.unravel_index(flat, sides))


def _sums(source: Source, role: Role, masks: Sequence[LayerMask], kind: str, phase: int) -> Values:
    """The sums that the mask keeps for all parameters of one kind, ``(copies * outputs [* fan * inner],)``."""
    weights, constants = weights_and_constants(source, role, masks)
    if kind == "bias":
        if role.constants is None:
            return np.zeros(role.copies_out * role.outputs)
        constants = constants.select(np.isin(constants.s, role.phases[phase]))
        emitted = constant_values(source, role.below, role.constants)
        terms = constants.value * emitted[constants.channel - role.inputs * role.copies_in]
        rows = constants.k * role.outputs + constants.j
        return np.bincount(rows, terms, role.copies_out * role.outputs).astype(np.float64)
    (one,) = (one for one in role.sums if one.label == kind)
    terms = weights.value
    if role.first is not None:
        incoming = kept_incoming(source, role, masks)[weights.channel]
        terms = np.where((np.sign(incoming) == one.sign) | (one.sign == 0), terms * incoming, 0.0)
    return sums_by_parameter(role, weights, terms)[0] * one.slope
