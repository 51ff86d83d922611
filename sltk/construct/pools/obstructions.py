"""Parameters that no subset of their pool can reach, known from the draw alone: seconds, not minutes.

A sum over any subset of ``x_1..x_n`` lies between the sum of the negative samples and the sum of the positive ones. A
target beyond that by more than the tolerance is missed whatever is searched: a range obstruction. Nearly all failures
of a deep ticket are of this kind where n is large enough for the tolerance.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from sltk.construct.architecture import architecture_of
from sltk.construct.failures import FailureTable
from sltk.construct.pools.samples import sides
from sltk.construct.pools.weight_pools import weight_failures, weight_pools
from sltk.construct.recipe import Recipe, plan_for, source_for
from sltk.networks.activations.table import Activation
from sltk.networks.network import Network


def range_obstructions(
    network: Network,
    recipe: Recipe,
    seed: int,
    *,
    tolerances: Sequence[float] | None = None,
    prune_below: float | None = None,
    custom: Mapping[str, Activation] | None = None,
) -> FailureTable:
    """The weights of ``network`` that the source of ``(recipe, seed)`` cannot reach within the tolerance.

    A ticket of the same recipe and seed has at least these failures, whatever its objective. Biases are left out, since
    their targets may depend on the subsets chosen for weights.

    Args:
        network: the target; recipe: of the source, as in a ticket; seed: of the source.
        tolerances: by stage; default the recipe's, which must then aim at parameters.
        prune_below: as in ``strong_ticket``.
        custom: a user's own activations by name.

    Returns:
        Failures whose ``error`` is the distance to the range: no subset comes closer.

    Raises:
        SltkError: the recipe aims at a sup error and no tolerances are given.
    """
    by_stage = recipe.stage_tolerances(len(network.stages), tolerances, "range_obstructions")
    plan = plan_for(architecture_of(network), recipe, custom)
    source = source_for(plan, recipe, seed)
    found = []
    for role, tolerance in zip(plan.roles, by_stage, strict=True):
        weight = network.stages[role.stage].affine.weight.numpy().reshape(role.outputs, role.inputs, role.inner)
        below = tolerance if prune_below is None else prune_below
        for side in sides(source, role):
            for these in weight_pools(source, role, side, weight, tolerance, below):
                high, low = np.maximum(these.pool, 0.0).sum(axis=1), np.minimum(these.pool, 0.0).sum(axis=1)
                gap = np.maximum(np.maximum(these.target - high, low - these.target), 0.0)
                bad = gap > these.eps
                found.append(weight_failures(role, side, these, bad, gap[bad]))
    return FailureTable.concatenate(found)
