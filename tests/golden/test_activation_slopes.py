"""Slopes and curvatures of every activation over intervals, against 60-digit arithmetic.

Numerical derivatives of the functions in ``test_activation_table`` (mpmath, nothing shared with torch) at dense points
of random intervals lie within, and come close to both ends.
"""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from mpmath import mp, mpf

from sltk.networks.activations.activation import Activation, Curve
from sltk.networks.activations.profile import SLACK, Profile
from sltk.networks.activations.table import activation
from tests.golden.test_activation_table import EXACT, NAMES, closed_slopes, grid

CLOSE = 0.02  # points of the grid miss an extremum by less, in slopes of size about 1


def intervals(count: int = 60) -> list[tuple[float, float]]:
    rng = np.random.default_rng(7)
    middle, half = rng.normal(0.0, 2.5, count), rng.exponential(1.0, count)
    found = [(float(m - h), float(m + h)) for m, h in zip(middle, half, strict=True)]
    return [*found, (0.0, 1.5), (-1.5, 0.0), (-9.0, 9.0)]


def derivative(name: str, x: float, order: int) -> float:
    """One-sided from the right, which a kink needs."""
    with mp.workdps(60):
        phi, h = EXACT[name], mpf(10) ** -18
        values = [phi(mpf(x) + k * h) for k in range(order + 1)]
        slope = (values[1] - values[0]) / h
        return float(slope if order == 1 else (values[2] - 2 * values[1] + values[0]) / h**2)


def holds(name: str, phi: Activation, order: int) -> tuple[bool, float]:
    """Whether all derivatives lie within, and the largest gap at an end of the range."""
    gap = 0.0
    for low, high in intervals():
        ends = torch.tensor([low], dtype=torch.float64), torch.tensor([high], dtype=torch.float64)
        least, most = (float(v) for v in (phi.slopes if order == 1 else phi.bends)(*ends))
        if order == 2 and not math.isfinite(least):
            continue
        seen = [derivative(name, x, order) for x in np.linspace(low, high, 61)[:-1]]
        seen += [derivative(name, min(high, math.nextafter(high, -math.inf)) - 1e-15, order)]
        slack = SLACK * 2 + 1e-12
        if min(seen) < least - slack or max(seen) > most + slack:
            return False, gap
        gap = max(gap, (min(seen) - least) / (1 + high - low), (most - max(seen)) / (1 + high - low))
    return True, gap


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_derivatives_lie_within_and_reach_the_ends(name: str, order: int) -> None:
    phi = activation(name)
    assert phi.profile is not None
    inside, gap = holds(name, phi, order)
    assert inside
    steps = 10.0 if name == "softsign" and order == 2 else 1.0  # its bend jumps at 0, where the grid sees one side
    assert gap <= steps * CLOSE * (1.0 + 2.0 * phi.lipschitz)


@pytest.mark.parametrize("name", ["tanh", "gelu", "silu", "mish", "gelu_tanh", "erf", "sigmoid"])
@pytest.mark.parametrize("order", [1, 2])
def test_without_its_turns_a_slope_is_missed(name: str, order: int) -> None:
    """Negative control: ends alone are not enough."""
    phi = activation(name)
    assert phi.profile is not None
    flat = Profile(
        tuple(replace(piece, turns=(), bend_turns=()) for piece in phi.profile.pieces), size=phi.profile.size
    )
    assert not holds(name, replace(phi, profile=flat), order)[0]


def test_one_side_of_a_kink_is_straight() -> None:
    low, high = torch.tensor([0.0, -1.0, -1.0, 0.0]).double(), torch.tensor([1.0, 0.0, 1.0, 0.0]).double()
    least, most = activation("relu").slopes(low, high)
    assert least.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert most.tolist() == [1.0, 0.0, 1.0, 1.0]


def test_a_user_s_own_has_its_lipschitz_constant() -> None:
    phi = replace(activation("tanh"), profile=None)
    ends = torch.tensor([5.0]).double(), torch.tensor([6.0]).double()
    assert [float(v) for v in phi.slopes(*ends)] == [0.0, phi.lipschitz]
    assert [float(v) for v in replace(phi, minimum=0.0).slopes(*ends)] == [-phi.lipschitz, phi.lipschitz]
    assert not math.isfinite(float(phi.bends(*ends)[0]))


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_pickled(name: str) -> None:
    """Modules of tickets hold activations."""
    phi = pickle.loads(pickle.dumps(activation(name)))
    ends = torch.tensor([-1.0]).double(), torch.tensor([2.0]).double()
    assert [float(v) for v in phi.slopes(*ends)] == [float(v) for v in activation(name).slopes(*ends)]


def curve_holds(name: str, curve: Curve) -> bool:
    """``|phi - mu - c |x|^q| <= K |x|^q'`` on dense grids, in 60 digits."""
    with mp.workdps(60):
        phi, right, left = EXACT[name], *closed_slopes(name)
        for x in grid(-16, 16, 1600) + grid(-200, 200, 50):
            line = (right if x >= 0 else left) * x + phi(mpf(0))
            first = mpf(curve.right if x >= 0 else curve.left) * abs(x) ** curve.order
            slack = mpf(10) ** -50 + mpf(2) ** -50 * abs(first)
            if abs(phi(x) - line - first) > mpf(curve.rest.coefficient) * abs(x) ** curve.rest.order + slack:
                return False
    return True


@pytest.mark.parametrize("name", [name for name in NAMES if activation(name).curve is not None])
def test_first_term_of_the_remainder(name: str) -> None:
    """Its size and its sign; with the sign turned, or the rest a quarter smaller, it fails."""
    curve = activation(name).curve
    assert curve is not None
    assert curve_holds(name, curve)
    less = replace(curve, rest=replace(curve.rest, coefficient=0.75 * curve.rest.coefficient))
    assert not curve_holds(name, less)  # negative control
    if curve.right or curve.left:
        assert not curve_holds(name, replace(curve, right=-curve.right, left=-curve.left))
