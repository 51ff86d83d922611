r"""Quantised weights, exactly (claim ``quantised``).

Theorem. Weights on a grid of step delta: a source of width ``C d log2(1/delta)`` and depth 2l holds every target
exactly, with high probability; and about ``log2(1/delta)`` parameters a weight are necessary.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._pools import growth, least_pairs, least_sizes
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Slope

STEPS = (2.0**-2, 2.0**-4, 2.0**-6, 2.0**-8)
PAIR_STEPS = (*STEPS, 2.0**-9)
CAP, PAIR_CAP = 30, 160
STRAIGHT, CONVEX = 0.15, 0.35


def required_width(step: float, fan_in: int, constant: float | None = None) -> int:
    """``ceil(C d log2(1/delta))``."""
    assert constant is not None  # the claim refuses the call before it comes here
    return math.ceil(constant * fan_in * math.log2(1.0 / step))


def floor(step: float) -> int:
    """Counting: ``2^n`` subsets reach all ``1/delta + 1`` grid points of [-1/2, 1/2]."""
    return math.ceil(math.log2(1.0 / step + 1.0))


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Least size at which a fixed grid target of [-1/2, 1/2] is a subset sum of grid samples, exactly."""
    uniform, place = generator.uniform(-1.0, 1.0, (trials, cell["cap"])), generator.uniform(-0.5, 0.5, trials)
    least = least_pairs if cell["subsets"] == "pairs" else least_sizes
    # In units of the step all numbers are integers, so a distance under 1/2 is 0.
    sizes = [least(np.round(uniform / step), np.round(place / step), 0.25) for step in cell["steps"]]
    return growth(np.stack(sizes, axis=1), cell["cap"])


def cases(preset: Preset) -> tuple[Case, ...]:
    """Sizes at four steps; the control may use two samples only, and grows like a power of ``1/delta``."""
    trials = 3000 if preset == "quick" else 8000
    return (_case("all", STEPS, CAP, trials), _case("pairs", PAIR_STEPS, PAIR_CAP, 6000))


def _case(subsets: str, steps: tuple[float, ...], cap: int, trials: int) -> Case:
    plan = Slope(tuple(math.log(1.0 / step) for step in steps), cap, STRAIGHT, CONVEX, trials)
    name = {"all": "all subsets", "pairs": "at most two samples"}[subsets]
    said = f"n(ln 1/delta) straight: curvature <= {STRAIGHT:g}"
    return Case(name, {"subsets": subsets, "steps": list(steps), "cap": cap}, plan, said, control=subsets == "pairs")


CLAIM = Claim(
    key="quantised",
    title="quantised weights, exactly",
    statement=r"n_l \ge C d_l \log_2(1/\delta) \Rightarrow \Pr[\exists \mathrm{mask}: f_P = f_T] \to 1, "
    r"\quad W_T, W_S \in \delta \mathbb{Z}",
    source="Kumar, Natale 2025 (arXiv 2508.11020)",
    provenance=(("statement", "read"),),
    explanation="On a grid there is no tolerance: a target is a subset sum or it is not. The size of a pool that holds "
    "it grows like log(1/step), which is what is measured, on the law of a rounded U[-1,1].",
    hypotheses=(
        Hypothesis(
            "a step 0 < delta < 1",
            lambda step: 0.0 < step < 1.0,
            "at 1 and beyond only whole weights are left",
            "pass the step of the grid, such as 2^-8 for weights in [-1, 1]",
        ),
    ),
    status="existential",
    required_width=required_width,
    lower_bound=floor,
    measure=measure,
    cases=cases,
)
