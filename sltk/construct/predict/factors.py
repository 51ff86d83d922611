"""What the problems of a source share, read from the source itself: univariate weights and constants.

The same numbers that a construction multiplies its outgoing weights with, in the units of ``ProblemFamily.shared``: a
pool of a family is ``law * scale * factors``.
"""

import math
from collections.abc import Sequence

import numpy as np

from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.pools.problems import ProblemFamily
from sltk.construct.pools.samples import constant_pools, sides
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Values


def own_factors(source: Source, plan: SourcePlan, families: Sequence[ProblemFamily]) -> list[Values | None]:
    """Factors of each family, ``(groups, sides, n)`` in the order of ``np.unique(group)``; ``None`` where it has none.

    Args:
        source: drawn by the plan.
        plan: of the construction.
        families: of the construction, by stage and kind, the phases of a stage's biases in order.
    """
    found, phases = list[Values | None](), dict[int, int]()
    for part in families:
        role = plan.roles[part.stage]
        phase = phases.get(part.stage, 0)
        if part.kind == "bias":
            phases[part.stage] = phase + 1
        if part.shared is None:
            found.append(None)
        elif part.kind == "weight":
            found.append(_incoming(source, plan, role)[np.unique(part.group)])
        else:
            found.append(_emitted(source, plan, role, part, phase))
    return found


def _incoming(source: Source, plan: SourcePlan, role: Role) -> Values:
    assert role.first is not None
    exponent = plan.layers[role.first].columns[0][1]  # a family has it in its scale
    return np.stack([side.incoming for side in sides(source, role)], axis=1) * math.ldexp(1.0, -exponent)


def _emitted(source: Source, plan: SourcePlan, role: Role, part: ProblemFamily, phase: int) -> Values:
    pool = constant_pools(source, role, phase)[-1]
    found = np.zeros((1, 1, part.n))
    found[0, 0, : pool.values.size] = pool.values * plan.layers[role.combine].column_factors[pool.channels]
    return found
