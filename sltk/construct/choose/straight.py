"""How straight the univariate layers of a class are made: curvature against float32 rounding.

A univariate neuron with incoming weight ``2^down w`` emits ``d + m 2^down w x`` and something that bends. The bend
falls with ``2^down``; where ``d != 0`` the rounding of ``d``, divided by ``2^down`` on the way out, grows. A class
whose hidden values may be large asks for small weights: softplus on values up to 128 would be straight to a hundredth
at ``2^-25``, where float32 leaves nothing of ``x``.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sltk.construct.declaration import Declaration
from sltk.construct.methods.roles import Role, SourcePlan

FLOAT32 = 2.0**-24
# Univariate layers may bend by this much if a subset took half of its pool. It takes four or five samples, and bends by
# a hundredth of it. The first is taken wherever rounding does not ask for another.
CURVATURES = (0.01, 0.1, 1.0, 10.0, 100.0)
TYPICAL = 0.25  # of the largest value of a class: where rounding and bend are compared


def curvatures(declared: Callable[[float], Declaration], stages: int) -> float | tuple[float, ...]:
    """What the curvature of each stage may cost a parameter: the least sum of rounding and bend at a typical value.

    Args:
        declared: what is declared under one curvature everywhere.
        stages: how many there are.

    Returns:
        One number where that does for all stages.
    """
    usual = declared(CURVATURES[0])
    phi = usual.first_activation
    if not phi.curved or phi.intercept == 0.0:
        return CURVATURES[0]
    tried = [usual, *(declared(curvature) for curvature in CURVATURES[1:])]
    found = tuple(_straightest(tried, stage) for stage in range(stages))
    return found[0] if len(set(found)) == 1 else found


def _straightest(tried: Sequence[Declaration], stage: int) -> float:
    if tried[0].plan.roles[stage].first is None:
        return CURVATURES[0]
    x = torch.tensor(TYPICAL * tried[0].reaches[stage], dtype=torch.float64)
    costs = [float(coarse(one.plan.roles[stage], one.plan, x)) for one in tried]
    return CURVATURES[costs.index(min(costs))]


def coarse(role: Role, plan: SourcePlan, x: Tensor) -> Tensor:
    """Variance that univariate neurons add to ``sum v^2 = 1`` at ``x``: rounding to float32, and curvature."""
    assert role.activation is not None
    assert role.first is not None
    phi, down = role.activation, plan.layers[role.first].columns[0][1]
    up, remainder = math.ldexp(1.0, -down), phi.remainder
    value = math.ldexp(1.0, down) * x.abs() * 2.0  # weights are up to 2
    rounding = FLOAT32 * (abs(phi.intercept) + value)
    bend = remainder.coefficient * value**remainder.order
    slope = max(abs(phi.slope_positive), abs(phi.slope_negative))
    return ((rounding + bend) * up / slope).square()
