"""The pools of a stage's weights in batches: which source weights each parameter and copy may choose from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from sltk.construct.failures import FailureTable
from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import PoolSide, flat_index
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Flags, Indices, Values

CHUNK = 2**15  # problems at a time, a thread: 7 MB of pool values at n = 26; their number changes no result


@dataclass(frozen=True)
class WeightPools:
    """A batch of ``b`` subset-sum problems, for weight ``(output, input, tap)`` and copy ``copy`` each.

    Args:
        output, input, tap, copy: ``(b,)``; inputs are counted over all groups.
        parameter: ``(b,)`` weights of the target; target: the same in units of the sums; eps: tolerance of the sums.
        neurons: ``(b, n)`` copies of the input that the samples read, -1 where a pool has fewer.
        flat: ``(b, n)`` where the samples are in the combining layer.
        outgoing: ``(b, n)`` the samples' weights there; pool: what each adds to a sum.
    """

    output: Indices
    input: Indices
    tap: Indices
    copy: Indices
    parameter: Values
    target: Values
    eps: float
    neurons: Indices
    flat: Indices
    outgoing: Values
    pool: Values


def weight_pools(
    source: Source, role: Role, side: PoolSide, weight: Values, tolerance: float, prune_below: float
) -> Iterator[WeightPools]:
    """The problems of one family of pools, parameter by parameter and copy by copy.

    Args:
        weight: ``(outputs, fan, inner)`` of the target; those up to ``prune_below`` have no problem.
        tolerance: of every weight.
    """
    yield from (lay() for lay in batches(source, role, side, weight, tolerance, prune_below))


def batches(
    source: Source, role: Role, side: PoolSide, weight: Values, tolerance: float, prune_below: float
) -> list[Callable[[], WeightPools]]:
    """The same, each batch laid out and drawn when it is called, by whatever thread."""
    j, i, s = np.nonzero(np.abs(weight) > prune_below)
    places = j, i, s, weight[j, i, s]
    count = j.size * role.copies_out
    return [
        partial(_laid_out, source, role, side, places, tolerance, range(start, min(start + CHUNK, count)))
        for start in range(0, count, CHUNK)
    ]


def _laid_out(
    source: Source,
    role: Role,
    side: PoolSide,
    places: tuple[Indices, Indices, Indices, Values],
    tolerance: float,
    problems: range,
) -> WeightPools:
    j, i, s, parameter = places
    rows, k = np.divmod(np.arange(problems.start, problems.stop), role.copies_out)
    jj, ii, ss = j[rows], role.input_of(j[rows], i[rows]), s[rows]
    neurons = side.neurons[ii]
    channel = ii[:, None] * role.copies_in + np.maximum(neurons, 0)
    flat = flat_index(role, jj[:, None], k[:, None], channel, ss[:, None])
    outgoing = source.weights(role.combine, flat)
    return WeightPools(
        output=jj,
        input=ii,
        tap=ss,
        copy=k,
        parameter=parameter[rows],
        target=parameter[rows] / side.sum.slope,
        eps=tolerance / side.sum.gain,
        neurons=neurons,
        flat=flat,
        outgoing=outgoing,
        pool=np.where(neurons >= 0, outgoing * side.incoming[ii], 0.0),
    )


def weight_failures(role: Role, side: PoolSide, batch: WeightPools, bad: Flags, error: Values) -> FailureTable:
    """The problems ``bad`` of a batch, with the errors of their sums."""
    slope = abs(side.sum.slope)
    return FailureTable.of(
        side.sum.label,
        role.stage,
        batch.output[bad],
        batch.input[bad] % role.fan,  # as the target's weight tensor counts them
        batch.tap[bad],
        batch.copy[bad],
        batch.parameter[bad],
        error * slope,
        batch.eps * slope,
    )
