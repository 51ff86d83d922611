"""The pools of a stage's weights in batches: which source weights each parameter and copy may choose from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sltk.construct.failures import FailureTable
from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import PoolSide, flat_index
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Flags, Indices, Values

CHUNK = 2**17  # problems at a time: 27 MB of pool values at n = 26


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
    j, i, s = np.nonzero(np.abs(weight) > prune_below)
    parameter = weight[j, i, s]
    for start in range(0, j.size * role.copies_out, CHUNK):
        problem = np.arange(start, min(start + CHUNK, j.size * role.copies_out))
        rows, k = problem // role.copies_out, problem % role.copies_out
        jj, ii, ss = j[rows], role.input_of(j[rows], i[rows]), s[rows]
        neurons = side.neurons[ii]
        channel = ii[:, None] * role.copies_in + np.maximum(neurons, 0)
        flat = flat_index(role, jj[:, None], k[:, None], channel, ss[:, None])
        outgoing = source.weights(role.combine, flat)
        yield WeightPools(
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
