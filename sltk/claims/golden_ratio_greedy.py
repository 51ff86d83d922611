r"""Greedy selection on a golden-ratio scale (claim ``golden-ratio-greedy``).

Theorem. ``g = (sqrt 5 - 1)/2``. If there is one sample in each ``[g^{k+2}, g^{k+1}]``, ``k < K``, then for
``0 <= z <= 1`` greedy subtraction leaves a remainder in ``[0, g^K]``: from ``r <= g^k`` it goes to ``r <= g^{k+1}``,
because ``g^k - g^{k+2} = g^{k+1}``. With random signs and ``|w|`` log-uniform on ``[g^{K+1}, g]``, the
``2 K ln(2 K / delta)`` samples of the statement hit all 2K classes with probability at least ``1 - delta``.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import DELTA, EPS
from sltk.claims._pools import count
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.numerics.arrays import Values
from sltk.core.statistics.verdict import Proportion

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def levels(eps: float) -> int:
    """``K = ceil(log_{1/g}(1/eps))``."""
    return math.ceil(math.log(1.0 / eps) / -math.log(GOLDEN))


def required_width(eps: float, delta: float) -> int:
    """``ceil(2 K ln(2 K / delta))``."""
    k = levels(eps)
    return math.ceil(2 * k * math.log(2 * k / delta))


def greedy_remainder(pools: Values, target: Values, stages: int) -> Values:
    """What greedy leaves of ``target``, ``(trials,)``, with one sample of ``pools`` ``(trials, n)`` a level."""
    sign = np.where(target < 0, -1.0, 1.0)
    samples, left = pools * sign[:, None], np.abs(target)
    for k in range(stages):
        inside = (samples >= GOLDEN ** (k + 2)) & (samples <= GOLDEN ** (k + 1))
        first = np.take_along_axis(samples, inside.argmax(axis=1)[:, None], axis=1)[:, 0]
        take = inside.any(axis=1) & (left >= GOLDEN ** (k + 1))
        left = np.where(take, left - first, left)
    return left


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Runs of greedy that end within eps."""
    k, shape = levels(cell["eps"]), (trials, cell["n"])
    sizes = GOLDEN ** generator.uniform(1.0, k + 1.0, shape)
    pools = sizes * generator.choice([-1.0, 1.0], shape)
    target = generator.uniform(-1.0, 1.0, trials)
    # A sample outside of the interval that a level wants is no harm: greedy never takes it.
    return count(np.abs(greedy_remainder(pools, target, k)) <= cell["eps"])


def cases(preset: Preset) -> tuple[Case, ...]:
    """Pools of the stated size; the control has K samples."""
    grid = [(0.01, 0.05)] if preset == "quick" else [(0.01, 0.05), (0.001, 0.05), (0.01, 0.2)]
    return (*(_case(e, d, required_width(e, d), False) for e, d in grid), _case(0.01, 0.05, levels(0.01), True))


def _case(eps: float, delta: float, n: int, control: bool) -> Case:
    plan = Proportion(low=1.0 - delta, high=1.0, alternative=1.0 - 4.0 * delta)
    cell = {"eps": eps, "n": n}
    return Case(f"eps {eps:g}, delta {delta:g}, n {n}", cell, plan, f"P(within eps) >= {1 - delta:g}", control)


CLAIM = Claim(
    key="golden-ratio-greedy",
    title="greedy on a golden-ratio scale",
    statement=r"n = \lceil 2 K \ln(2K/\delta) \rceil,\ K = \lceil \log_{1/g}(1/\epsilon) \rceil,\ g = "
    r"\tfrac{\sqrt5 - 1}{2} \Rightarrow \Pr[|z - \mathrm{greedy}(x)| \le \epsilon] \ge 1 - \delta",
    source="Derived for this project after Orseau et al. 2020 (arXiv 2006.12156)",
    provenance=(("statement", "derived"), ("its model", "read")),
    explanation="The simplest proof that a logarithmic number of samples per weight is about enough, with an explicit "
    "algorithm: one sample per level of a geometric scale. It pays ln K for hitting every level.",
    hypotheses=(
        EPS,
        DELTA,
        Hypothesis(
            "a target |z| <= 1",
            lambda z: abs(z) <= 1.0,
            "the scale starts at 1",
            "rescale the law and the target together",
        ),
    ),
    required_width=required_width,
    measure=measure,
    cases=cases,
)
