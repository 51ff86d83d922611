r"""Weights that may move a little (claim ``epsilon-perturbation``).

Statement (abstract). If each weight may move by up to eps after it was drawn, ``1/(1 + eps)`` as many are needed.
Defined and derived here: with moves of up to m, a subset I reaches z within eps exactly if
``|z - sum_I x| <= eps + m |I|``. So what is reached without moving is reached with it, at no larger n; and as
``sum_k C(n,k) 2 (eps + m k) = 2^n (2 eps + n m)``, a uniform target of a window of length W is reached with probability
at most ``2^n (2 eps + n m) / W``.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._hypotheses import EPS
from sltk.claims._pools import UNIT, count, draw, least_sizes, violations
from sltk.claims._pools import least as least_by
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.numerics.arrays import Flags, Values
from sltk.core.statistics.verdict import Never, Proportion
from sltk.subset_sum.movable import solve_movable

COVER = 0.02  # tolerance at which least sizes are compared
CAP = 14
N, FINE = 6, 2.0**-11  # of the counting bound


def factor(perturbation: float) -> float:
    """``1 / (1 + eps)``: what the number of samples may be multiplied with."""
    return 1.0 / (1.0 + perturbation)


def share_bound(n: int, eps: float, perturbation: float, window: float = 1.0) -> float:
    """Largest probability that a uniform target of the window is reached: ``2^n (2 eps + n m) / W``."""
    return min(1.0, math.ldexp(2.0 * eps + n * perturbation, n) / window)


def floor(eps: float, perturbation: float, window: float = 1.0) -> int:
    """Least n at which counting lets a window be covered, ``2^n (2 eps + n m) >= W``."""
    n = 0
    while share_bound(n, eps, perturbation, window) < 1.0:
        n += 1
    return n


def least_moved(pools: Values, target: Values, eps: float, perturbation: float) -> Values:
    """Least n such that a subset of the first n samples reaches the target, each moved; the width + 1 if none does."""

    def reached(part: Values, rows: Any) -> Flags:
        return solve_movable(part, target[rows], eps=eps, movable=perturbation).reached

    return least_by(pools, reached)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Least sizes with moves against those without, or targets reached with moves."""
    n, move = cell["n"], cell["perturbation"]
    pools, target = draw(UNIT, generator, trials, n), generator.uniform(-0.5, 0.5, trials)
    if cell["measured"] == "share":
        return count(solve_movable(pools, target, eps=FINE, movable=move).reached)
    moved, fixed = least_moved(pools, target, COVER, move), least_sizes(pools, target, COVER)
    return violations(fixed, moved) if cell["swapped"] else violations(moved, fixed)


def cases(preset: Preset) -> tuple[Case, ...]:
    """Moving never hurts, and counting; the controls say that it never helps, and count without the moves."""
    moves = (0.01,) if preset == "quick" else (0.001, 0.01, 0.1)
    right, wrong = share_bound(N, FINE, FINE), share_bound(N, FINE, 0.0)
    return (
        *(_least(move, False) for move in moves), _least(0.01, True),
        Case("counting", _share(right), Proportion(0.0, right, right + 0.05), f"P(reached) <= {right:.4g}"),
        Case("counting without the moves", _share(wrong), Proportion(0.0, wrong, wrong + 0.02),
             f"P(reached) <= {wrong:.4g}", control=True),
    )  # fmt: skip


def _share(claimed: float) -> dict[str, Any]:
    return {"measured": "share", "n": N, "perturbation": FINE, "claimed": claimed}


def _least(move: float, swapped: bool) -> Case:
    cell = {"measured": "least", "n": CAP, "perturbation": move, "swapped": swapped}
    name = "moving never helps" if swapped else f"moves of {move:g} never hurt"
    return Case(name, cell, Never(), "n without <= n with" if swapped else "n with <= n without", swapped)


CLAIM = Claim(
    key="epsilon-perturbation",
    title="weights that may move a little",
    statement=r"n_\varepsilon \approx \frac{n}{1 + \varepsilon}",
    source="Xiong et al. 2022 (arXiv 2210.16589); the definition that is measured is this project's",
    provenance=(("statement", "abstract"), ("never more are needed; the counting bound", "derived")),
    explanation="Between pruning alone and training: random weights that may be changed by a small amount need a "
    "smaller source. The abstract gives the factor and not its exact conditions, so no verdict is passed on it: what "
    "is tested is that moving never hurts, and counting.",
    hypotheses=(
        Hypothesis(
            "a perturbation >= 0",
            lambda perturbation: perturbation >= 0.0,
            "it is the largest change of a weight",
            "pass its size",
        ),
        EPS,
    ),
    bound=factor,
    lower_bound=floor,
    measure=measure,
    cases=cases,
)
