"""Subset-sum statistics of small pools: as published (smallest subset first, redraws) and without these shortcuts.

Run ``python -m experiments.subset_sum_statistics.study``; it prints a table and writes
``out/subset_sum_statistics/study.json``, ``sizes.png`` and ``errors.png``.

Targets are U[-1, 1]. Pools are U[-1, 1], products of two of these (a first layer), or standard normal. Three rules:
``first``, the first subset within eps in the order of sizes (0, 1, 2, ...), lexicographic within a size; ``fewest``,
the least error among the subsets of that size; ``error``, the least error of all. ``redrawn`` is ``first`` with every
unreached pool drawn again until it is reached, which hides all failures: its draws are counted. Failures of single
draws are split into range obstruction (no sum of one sign gets within eps) and resolution.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments.subset_sum_statistics.figure import ERRORS, SIZES
from sltk.core.rng import stream
from sltk.core.statistics.stats import clopper_pearson
from sltk.harness.study import Study, StudyOptions, StudyRow, asked
from sltk.subset_sum import solve

LAWS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "uniform": lambda random, shape: random.uniform(-1.0, 1.0, shape),
    "product": lambda random, shape: random.uniform(-1.0, 1.0, shape) * random.uniform(-1.0, 1.0, shape),
    "normal": lambda random, shape: random.standard_normal(shape),
}
CELLS = 4_000_000
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DrawPools = Callable[[int], np.ndarray]  # how many, to as many pools


@dataclass(frozen=True, kw_only=True)
class StatisticsOptions(StudyOptions):
    """What is asked."""

    n: int = 15
    """Samples of a pool."""
    eps: float = 0.01
    """Tolerance."""
    trials: int = 100_000
    """Pools of each law."""
    seed: int = 0
    """Of the named streams that pools and targets come from."""
    out: Path = Path("out/subset_sum_statistics")


class SubsetSumStatistics(Study[StatisticsOptions]):
    """One law of pools a cell."""

    name = "subset_sum_statistics"
    measures = "Sizes, errors and failures of subset sums of small pools, under four rules of choice."
    options = StatisticsOptions
    minutes = 0.15
    quick: ClassVar = {"n": 8, "eps": 0.05, "trials": 2000}
    figures: ClassVar = {"sizes": SIZES, "errors": ERRORS}

    def cells(self, options: StatisticsOptions) -> dict[str, dict[str, Any]]:
        """All laws."""
        return {law: {"law": law, **asked(options)} for law in LAWS}

    def measure(self, cell: Mapping[str, Any], options: StatisticsOptions) -> dict[str, Any]:
        """All statistics of one law of pools."""
        law, n, eps, trials = cell["law"], cell["n"], cell["eps"], cell["trials"]
        random = stream(cell["seed"], "subset-sum statistics", law, n)
        target, pools = random.uniform(-1.0, 1.0, trials), LAWS[law](random, (trials, n))
        return {
            **single_draws(pools, target, eps),
            **many_draws(pools, target, eps, lambda count: LAWS[law](random, (count, n))),
        }

    def conclude(self, rows: Sequence[StudyRow], options: StatisticsOptions) -> dict[str, Any]:
        """Law by law."""
        return {**asked(options), "laws": [{"law": row.name, **row.outputs} for row in rows]}

    def tables(self, document: Mapping[str, Any]) -> Iterator[str]:
        """A few lines a law."""
        for row in document["laws"]:
            yield "\n".join(_lines(row))


def single_draws(pools: np.ndarray, target: np.ndarray, eps: float) -> dict[str, Any]:
    """What one draw of every pool comes to: shares reached and missed, and three rules of choice."""
    n = pools.shape[1]
    size, error = first_subset(pools, target, eps)
    fewest = solve(pools, target, eps=eps, objective="cardinality")
    least = solve(pools, target, eps=eps, objective="error")
    reached, blocked = size >= 0, obstructed(pools, target, eps)
    return {
        "share": share(reached), "solver agrees": bool(np.array_equal(fewest.reached, reached)),
        "same sizes": bool(np.array_equal(fewest.mask.sum(axis=-1)[reached], size[reached])),
        "range obstruction": share(blocked), "resolution": share(~reached & ~blocked),
        "first": _rule(size[reached], error[reached], n, eps),
        "fewest": _rule(fewest.mask.sum(axis=-1)[reached], np.abs(fewest.error)[reached], n, eps),
        "error": _rule(least.mask.sum(axis=-1), np.abs(least.error), n, eps),
    }  # fmt: skip


def many_draws(pools: np.ndarray, target: np.ndarray, eps: float, draw_pools: DrawPools) -> dict[str, Any]:
    """What is hidden by drawing until every target is reached."""
    draws, sizes, errors = redrawn(pools, target, eps, draw_pools)
    return {
        "draws": {"mean": float(draws.mean()), "most": int(draws.max())},
        "redrawn": _rule(sizes, errors, pools.shape[1], eps),
    }


def first_subset(pools: np.ndarray, target: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Size and absolute error of the first subset within eps, smallest size first; size -1 where there is none."""
    trials, n = pools.shape
    size, error = np.full(trials, -1), np.full(trials, np.inf)
    for k in range(n + 1):
        chosen = np.zeros((comb(n, k), n))
        for row, samples in enumerate(combinations(range(n), k)):
            chosen[row, list(samples)] = 1.0
        left = np.flatnonzero(size < 0)
        for part in np.array_split(left, max(1, left.size * len(chosen) // CELLS)):
            away = np.abs(pools[part] @ chosen.T - target[part, None])
            place = np.argmax(away <= eps, axis=1)
            found = away[np.arange(part.size), place]
            size[part[found <= eps]], error[part[found <= eps]] = k, found[found <= eps]
    return size, error


def redrawn(
    pools: np.ndarray, target: np.ndarray, eps: float, draw_pools: DrawPools
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws until reached, and size and error of the subset then found."""
    size, error = first_subset(pools, target, eps)
    draws = np.ones(target.size, dtype=np.int64)
    while (left := np.flatnonzero(size < 0)).size:
        size[left], error[left] = first_subset(draw_pools(left.size), target[left], eps)
        draws[left] += 1
    return draws, size, error


def obstructed(pools: np.ndarray, target: np.ndarray, eps: float) -> np.ndarray:
    """Whether the target lies beyond the sums of one sign by more than eps."""
    return (target > np.clip(pools, 0.0, None).sum(axis=1) + eps) | (
        target < np.clip(pools, None, 0.0).sum(axis=1) - eps
    )


def share(flags: np.ndarray) -> dict[str, Any]:
    """A share with its exact 95% interval."""
    low, high = clopper_pearson(int(flags.sum()), flags.size)
    return {"count": int(flags.sum()), "share": float(flags.mean()), "low": float(low), "high": float(high)}


def _rule(size: np.ndarray, error: np.ndarray, n: int, eps: float) -> dict[str, Any]:
    edges = np.linspace(0.0, eps, 21)
    return {
        "sizes": np.bincount(size, minlength=n + 1).tolist(), "mean size": float(size.mean()),
        "mean error": float(error.mean()), "error quantiles": np.quantile(error, QUANTILES).tolist(),
        "errors": np.histogram(error, edges)[0].tolist(), "edges": edges.tolist(), "counted": int(size.size),
    }  # fmt: skip


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{row['law']}:"
    for kind in ("share", "range obstruction", "resolution"):
        part = row[kind]
        name = {"share": "reached"}.get(kind, f"missed, {kind}")
        yield f"  {name:26} {part['share']:.5f} [{part['low']:.5f}, {part['high']:.5f}]"
    yield f"  with redraws: {row['draws']['mean']:.4f} draws a target, at most {row['draws']['most']}"
    yield f"  the solver agrees on what is reached: {row['solver agrees']}, on sizes: {row['same sizes']}"
    for rule in ("first", "redrawn", "fewest", "error"):
        yield f"  {rule:8} mean size {row[rule]['mean size']:.3f}, mean error {row[rule]['mean error']:.3e}"


STUDY = SubsetSumStatistics()

if __name__ == "__main__":
    sys.exit(STUDY.main())
