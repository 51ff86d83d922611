"""Parameters that no subset of their pool can reach, known from the draw alone: seconds, not minutes.

A sum over any subset of ``x_1..x_n`` lies between the sum of the negative samples and the sum of the positive ones. A
target beyond that by more than the tolerance is missed whatever is searched: a range obstruction. Nearly all failures
of a deep ticket are of this kind where n is large enough for the tolerance.
"""

from collections.abc import Sequence

import numpy as np

from sltk.construct.failures import FailureTable
from sltk.construct.methods.roles import SourcePlan
from sltk.construct.pools.samples import sides
from sltk.construct.pools.weight_pools import weight_failures, weight_pools
from sltk.construct.recipe import Search
from sltk.construct.source import Source
from sltk.networks.network import Network


def range_obstructions(
    network: Network, plan: SourcePlan, source: Source, tolerances: Sequence[float], search: Search
) -> FailureTable:
    """The weights of ``network`` that ``source`` cannot reach within their tolerances.

    A ticket of the same source has at least these failures, whatever its objective. Biases are left out, since
    their targets may depend on the subsets chosen for weights.

    Args:
        network: the target.
        plan: what the layers of ``source`` are for.
        source: drawn once.
        tolerances: of the parameters, by stage.
        search: says which parameters are left out.

    Returns:
        Failures whose ``error`` is the distance to the range: no subset comes closer.
    """
    found: list[FailureTable] = []
    for role, tolerance in zip(plan.roles, tolerances, strict=True):
        weight = network.stages[role.stage].affine.weight.numpy().reshape(role.outputs, role.fan, role.inner)
        for side in sides(source, role):
            for batch in weight_pools(source, role, side, weight, tolerance, search.pruned(tolerance)):
                high, low = np.maximum(batch.pool, 0.0).sum(axis=1), np.minimum(batch.pool, 0.0).sum(axis=1)
                gap = np.maximum(np.maximum(batch.target - high, low - batch.target), 0.0)
                bad = gap > batch.eps
                found.append(weight_failures(role, side, batch, bad, gap[bad]))
    return FailureTable.concatenate(found)
