"""What a file says of its own ticket, derived again from mask, source, recipe and target.

The number of problems and every failure follow from the mask: the sum of each subset is formed again, its error held
against the tolerance that recipe and target give. Tolerances, and what the source knows of the domain, follow from the
recipe. A file that says something else is not believed.
"""

from dataclasses import dataclass

import numpy as np

from sltk.construct.construction import Construction
from sltk.construct.declaration import Declaration
from sltk.construct.failures import FailureTable
from sltk.construct.methods.roles import Role
from sltk.construct.methods.sums import Sum
from sltk.construct.realise import KeptWeights, bias_errors, kept_incoming, sums_by_parameter, weights_and_constants
from sltk.construct.ticket import StrongTicket
from sltk.construct.unread import unread_weights
from sltk.core.numerics.arrays import Flags, Values
from sltk.networks.affine import Affine

CLOSE = 1e-9  # of a tolerance or an error: sums in another order differ by far less, a forged number by more


@dataclass(frozen=True)
class Derived:
    """What was derived, and what of it the file says otherwise, in words.

    Attributes:
        problems: subset-sum problems.
        failures: of them, those whose subset misses its target by more than the tolerance.
        differences: statements of the file that are not so.
    """

    problems: int
    failures: int
    differences: tuple[str, ...]


def derive(ticket: StrongTicket) -> Derived:
    """Derive again what the file of ``ticket`` says; its target has to be at hand."""
    assert ticket.target is not None
    asked = Construction(ticket.target, ticket.domain, ticket.recipe)
    tolerances, differences = asked.tolerances(ticket.search), []
    if not np.allclose(tolerances, ticket.tolerances, rtol=CLOSE, atol=0.0):
        differences.append("tolerances are not those of its recipe")
    differences += _inputs(ticket.declaration, asked.declaration)
    reads = [read for read in ticket.read if read is not None]
    if reads and (count := unread_weights(ticket.plan.roles, ticket.masks, reads)):
        differences.append(f"it leaves out copies that nothing reads, but keeps {count:,} weights of some")
    stages = zip(ticket.plan.roles, tolerances, ticket.read, strict=True)
    found = [_stage(ticket, role, tolerance, read) for role, tolerance, read in stages]
    problems, failures = sum(count for count, _ in found), FailureTable.concatenate([table for _, table in found])
    if problems != ticket.problems:
        differences.append(f"it counts {ticket.problems:,} problems, but there are {problems:,}")
    if not _same(failures, ticket.failures):
        differences.append(f"it lists {len(ticket.failures):,} failures, but its mask has {len(failures):,} others")
    return Derived(problems, len(failures), tuple(differences))


def _inputs(said: Declaration, own: Declaration) -> list[str]:
    same = abs(said.reach - own.reach) <= CLOSE * own.reach and said.nonnegative == own.nonnegative
    return [] if same else ["its source was declared for other inputs than its domain has"]


def _stage(ticket: StrongTicket, role: Role, tolerance: float, read: Flags | None) -> tuple[int, FailureTable]:
    """Problems of a stage, and those that its mask leaves unsolved, among the neurons that are ``read``."""
    assert ticket.target is not None
    affine, limits = ticket.target.stages[role.stage].affine, (tolerance, ticket.search.pruned(tolerance))
    weights, constants = weights_and_constants(ticket.source, role, ticket.masks)
    incoming = None
    if role.first is not None:
        incoming = kept_incoming(ticket.source, role, ticket.masks)[weights.channel]
    there = np.ones((role.copies_out, role.outputs), dtype=bool) if read is None else read
    found = [_weights(role, affine, one, weights, incoming, limits, there) for one in role.sums]
    errors = bias_errors(ticket.source, role, ticket.masks, affine, (weights, constants))
    found += [
        _biases(role, affine, weights, (k, error.magnitude.numpy()), limits, there) for k, error in enumerate(errors)
    ]
    return sum(count for count, _ in found), FailureTable.concatenate([table for _, table in found])


def _weights(
    role: Role, affine: Affine, one: Sum, weights: KeptWeights, incoming: Values | None, limits: tuple[float, float],
    read: Flags,
) -> tuple[int, FailureTable]:  # fmt: skip
    tolerance, pruned = limits
    terms = weights.value
    if incoming is not None:
        terms = np.where((np.sign(incoming) == one.sign) | (one.sign == 0), terms * incoming, 0.0)
    parameter = affine.weight.numpy().reshape(-1)
    total = sums_by_parameter(role, weights, terms)[0].reshape(role.copies_out, parameter.size)
    asked = np.repeat(read, role.fan * role.inner, axis=1) & (np.abs(parameter) > pruned)
    error = np.abs(total - parameter / one.slope)
    copy, flat = np.nonzero((error > tolerance / one.gain * (1.0 + CLOSE)) & asked)
    output, rest = np.divmod(flat, role.fan * role.inner)
    table = FailureTable.of(
        one.label, role.stage, output, rest // role.inner, rest % role.inner, copy, parameter[flat],
        error[copy, flat] * abs(one.slope), tolerance / one.gain * abs(one.slope),
    )  # fmt: skip
    return int(asked.sum()), table


def _biases(
    role: Role, affine: Affine, weights: KeptWeights, found: tuple[int, Values], limits: tuple[float, float],
    read: Flags,
) -> tuple[int, FailureTable]:  # fmt: skip
    (phase, error), (tolerance, pruned) = found, limits
    shape = (role.copies_out, role.outputs)
    # What the weights bring along where the univariate neurons have an intercept.
    mass = np.bincount(weights.k * role.outputs + weights.j, weights.value, role.copies_out * role.outputs)
    target: Values = np.asarray(affine.bias.numpy() - role.intercept * mass.reshape(shape), dtype=np.float64)
    asked = (np.abs(target) > pruned) & read
    copy, output = np.nonzero((error > tolerance * (1.0 + CLOSE)) & asked)
    none = np.zeros(copy.size, dtype=np.int64)
    table = FailureTable.of(
        "bias", role.stage, output, none, none + phase, copy, target[copy, output], error[copy, output], tolerance
    )
    return int(asked.sum()), table


def _same(one: FailureTable, other: FailureTable) -> bool:
    """Whether two tables list the same problems with the same errors, whatever their order."""
    if len(one) != len(other):
        return False
    orders = [np.lexsort((t.copy, t.tap, t.input, t.output, t.kind, t.stage)) for t in (one, other)]
    for name in ("stage", "kind", "output", "input", "tap", "copy"):
        if not np.array_equal(*(getattr(t, name)[o] for t, o in zip((one, other), orders, strict=True))):
            return False
    return all(
        np.allclose(*(getattr(t, name)[o] for t, o in zip((one, other), orders, strict=True)), rtol=1e-6, atol=1e-9)
        for name in ("target", "error", "tolerance")
    )
