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
class WeightPlaces:
    """``b`` subset-sum problems, for weight ``(output, input, tap)`` and copy ``copy`` each, before a weight is drawn.

    Args:
        output, input, tap, copy: ``(b,)``; inputs are counted over all groups.
        parameter: ``(b,)`` weights of the target; target: the same in units of the sums; eps: tolerance of the sums.
    """

    output: Indices
    input: Indices
    tap: Indices
    copy: Indices
    parameter: Values
    target: Values
    eps: float

    def take(self, rows: Indices) -> "WeightPlaces":
        """The problems ``rows``."""
        return WeightPlaces(
            self.output[rows], self.input[rows], self.tap[rows], self.copy[rows], self.parameter[rows],
            self.target[rows], self.eps,
        )  # fmt: skip


@dataclass(frozen=True)
class WeightPools(WeightPlaces):
    """The same with their pools.

    Args:
        neurons: ``(b, n)`` copies of the input that the samples read, -1 where a pool has fewer.
        flat: ``(b, n)`` where the samples are in the combining layer.
        outgoing: ``(b, n)`` the samples' weights there; pool: what each adds to a sum.
    """

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
    for places in batches(role, side, weight, tolerance, prune_below):
        yield laid_out(source, role, side, places())


def batches(
    role: Role,
    side: PoolSide,
    weight: Values,
    tolerance: float,
    prune_below: float,
    most: int = CHUNK,
    read: Flags | None = None,
) -> list[Callable[[], WeightPlaces]]:
    """The places of the same, at most ``most`` a batch, each listed when it is called, by whatever thread.

    Args:
        read: ``(copies_out, outputs)`` neurons that have problems; ``None`` for all.
    """
    j, i, s = np.nonzero(np.abs(weight) > prune_below)
    places = j, i, s, weight[j, i, s]
    problems = range(j.size * role.copies_out) if read is None else np.flatnonzero(read.T[j])
    return [
        partial(_listed, role, side, places, tolerance, problems[start : start + most])
        for start in range(0, len(problems), most)
    ]


def _listed(
    role: Role,
    side: PoolSide,
    places: tuple[Indices, Indices, Indices, Values],
    tolerance: float,
    problems: range | Indices,
) -> WeightPlaces:
    j, i, s, parameter = places
    rows, k = np.divmod(_numbers(problems), role.copies_out)
    return WeightPlaces(
        output=j[rows],
        input=role.input_of(j[rows], i[rows]),
        tap=s[rows],
        copy=k,
        parameter=parameter[rows],
        target=parameter[rows] / side.sum.slope,
        eps=tolerance / side.sum.gain,
    )


def _numbers(problems: range | Indices) -> Indices:
    return np.arange(problems.start, problems.stop) if isinstance(problems, range) else problems


def laid_out(source: Source, role: Role, side: PoolSide, at: WeightPlaces) -> WeightPools:
    """The pools of some places, drawn."""
    neurons = side.neurons[at.input]
    channel = at.input[:, None] * role.copies_in + np.maximum(neurons, 0)
    flat = flat_index(role, at.output[:, None], at.copy[:, None], channel, at.tap[:, None])
    outgoing = source.weights(role.combine, flat)
    pool = np.where(neurons >= 0, outgoing * side.incoming[at.input], 0.0)
    return WeightPools(**vars(at), neurons=neurons, flat=flat, outgoing=outgoing, pool=pool)


def weight_failures(role: Role, side: PoolSide, batch: WeightPlaces, bad: Flags, error: Values) -> FailureTable:
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
