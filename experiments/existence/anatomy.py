"""What a failure is: a target beyond the sums of its pool, or one between them.

Range obstruction: the target lies further than the tolerance outside ``[sum of negatives, sum of positives]``, so no
subset of any size could reach it. Resolution: it lies within, and no subset is near enough.
"""

from collections import Counter

import numpy as np

from sltk.construct import StrongTicket
from sltk.construct.failures import Failure
from sltk.construct.pools.samples import constant_pools, flat_index, sides


def anatomy(ticket: StrongTicket) -> Counter[tuple[str, str, str]]:
    """Failures of a ticket whose activations have no intercept, by layer, kind of parameter, and cause."""
    found: Counter[tuple[str, str, str]] = Counter()
    for failure in ticket.failures:
        layer = ticket.architecture.stages[failure.stage].name
        kind = "bias" if failure.kind == "bias" else "weight"
        found[layer, kind, cause(ticket, failure)] += 1
    return found


def cause(ticket: StrongTicket, failure: Failure) -> str:
    """``range`` or ``resolution``, from the samples of the pool, drawn again."""
    samples, target, tolerance = _bias(ticket, failure) if failure.kind == "bias" else _weight(ticket, failure)
    low, high = samples[samples < 0].sum(), samples[samples > 0].sum()
    return "resolution" if low - tolerance <= target <= high + tolerance else "range"


def _weight(ticket: StrongTicket, failure: Failure) -> tuple[np.ndarray, float, float]:
    role, source = ticket.plan.roles[failure.stage], ticket.source
    side = next(side for side in sides(source, role) if side.sum.label == failure.kind)
    neurons = side.neurons[failure.input]
    channel = failure.input * role.copies_in + neurons[neurons >= 0]
    one = np.array([failure.output]), np.array([failure.copy])
    flat = flat_index(role, *one, channel, np.array([failure.tap]))
    samples = source.weights(role.combine, flat) * side.incoming[failure.input][neurons >= 0]
    return samples, failure.target / side.sum.slope, failure.tolerance / abs(side.sum.slope)


def _bias(ticket: StrongTicket, failure: Failure) -> tuple[np.ndarray, float, float]:
    role, source = ticket.plan.roles[failure.stage], ticket.source
    pool = constant_pools(source, role)[-1]
    one = np.array([failure.output]), np.array([failure.copy])
    samples = source.weights(role.combine, flat_index(role, *one, pool.channels, pool.taps)) * pool.values
    return samples, failure.target, failure.tolerance
