r"""A source that is partly pruned or locked beforehand (claim ``frozen-source``).

Statement (abstract). Strong tickets exist in sources some of whose weights are pruned and some locked at random.
Derived here: a fixed target z with locked samples of sum s is reached by the free samples exactly where these reach
``z - s``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DELTA, DENSITY
from sltk.claims._pools import UNIT, count, covered, draw, violations
from sltk.core.claim import Case, Claim, Preset
from sltk.core.numerics.arrays import Flags, Values
from sltk.core.statistics.verdict import Never, Proportion
from sltk.subset_sum import solve
from sltk.subset_sum.bounds import closed_form_size
from sltk.subset_sum.laws import Law, Masked, law_of

TOLERANCE, FAILURE = 0.1, 0.05
SAMPLES = 12
ROUNDING = 1e-12  # 12 samples of size at most 1 and their sum: 16 2^-52 of 13, and room


def required_width(eps: float, delta: float, density: float, law: Law | str = UNIT) -> int:
    """Samples of which a share ``density`` is free, for targets whose distance to the locked sum is in the window."""
    return closed_form_size(eps, delta, Masked(law_of(law), density))


def frozen(generator: np.random.Generator, shape: tuple[int, int], free: float, locked: float) -> tuple[Flags, Flags]:
    """Which samples are free and which locked, each by itself with these probabilities; the rest are pruned."""
    place = generator.random(shape)
    return place < free, (place >= free) & (place < free + locked)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Either the shift, subset by subset, or frozen pools whose free samples cover the shifted window."""
    pools = draw(UNIT, generator, trials, cell["n"])
    free, locked = frozen(generator, pools.shape, cell["free"], cell["locked"])
    if cell["measured"] == "shift":
        return _shift(pools, free, locked, generator.uniform(-0.5, 0.5, trials), cell["sign"])
    # By the shift, the pool covers s + window where its free samples cover the window.
    return count(covered(np.where(free, pools, 0.0), TOLERANCE, UNIT.constants().L))


def _shift(pools: Values, free: Flags, locked: Flags, target: Values, sign: float) -> dict[str, Any]:
    """Least errors of the locked problem and of the free samples at the shifted target, and whether both reach."""
    whole = solve(np.where(free | locked, pools, 0.0), target, eps=TOLERANCE, locked=locked)
    shifted = target - sign * np.where(locked, pools, 0.0).sum(axis=1)
    alone = solve(np.where(free, pools, 0.0), shifted, eps=TOLERANCE)
    sure = np.abs(alone.error - TOLERANCE) > ROUNDING
    differing = sure & (whole.reached != alone.reached)
    distance = np.abs(whole.error - alone.error) + differing
    return violations(distance, np.full(len(target), ROUNDING))


def cases(preset: Preset) -> tuple[Case, ...]:
    """The shift, and pools of the stated size; the controls shift the wrong way and count all samples as free."""
    made = [_shift_case(free, locked) for free, locked in _shares(preset)]
    widths = [
        _width_case(p, required_width(TOLERANCE, FAILURE, p)) for p in ((0.2,) if preset == "quick" else (0.2, 0.5))
    ]
    whole = closed_form_size(TOLERANCE, FAILURE, UNIT)
    return (*made, _shift_case(0.5, 0.25, -1.0), *widths, _width_case(0.2, whole, control=True))


def _shares(preset: Preset) -> tuple[tuple[float, float], ...]:
    return ((0.5, 0.25),) if preset == "quick" else ((0.5, 0.25), (0.3, 0.7), (0.8, 0.1))


def _shift_case(free: float, locked: float, sign: float = 1.0) -> Case:
    cell = {"measured": "shift", "n": SAMPLES, "free": free, "locked": locked, "sign": sign}
    name = f"shift, free {free:g}, locked {locked:g}" if sign > 0 else "shift the wrong way"
    return Case(name, cell, Never(), "both searches leave one error, to rounding", sign < 0)


def _width_case(free: float, n: int, control: bool = False) -> Case:
    cell = {"measured": "width", "n": n, "free": free, "locked": (1.0 - free) / 2.0}
    plan = Proportion(1.0 - FAILURE, 1.0, alternative=1.0 - 4.0 * FAILURE)
    name = f"free {free:g}, n {n}" + (", as if all were free" if control else "")
    return Case(name, cell, plan, f"P(s + window covered) >= {1 - FAILURE:g}", control)


CLAIM = Claim(
    key="frozen-source",
    title="sources that are partly pruned or locked",
    statement=r"\mathrm{dist}(z, s + S(x_{\mathrm{free}})) = \mathrm{dist}(z - s, S(x_{\mathrm{free}})), \quad "
    r"s = \textstyle\sum_{\mathrm{locked}} x_i",
    source="Otsuka et al. 2024 (arXiv 2402.14029)",
    provenance=(("statement", "abstract"), ("the shift by the locked sum", "derived")),
    explanation="Freezing part of a source at random compresses it: pruned weights need not be stored, locked ones "
    "need no mask. For the free samples nothing changes but their number and the target's place. The width holds for "
    "targets near the locked sum, and not for a fixed target, which that sum may leave behind.",
    hypotheses=(DELTA, DENSITY),
    required_width=required_width,
    measure=measure,
    cases=cases,
)
