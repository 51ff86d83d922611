"""How much over-parameterisation a density costs: pools with subsets of a given size (claim ``fixed-size``).

Run ``python -m experiments.fixed_size.study``; it writes ``out/fixed_size/study.json`` and ``size.png``.

For a density g, ``n(g)`` is the least n such that a fixed target, uniform in [-1, 1], is within eps of the sum of
exactly ``round(g n)`` samples of a pool of n from U[-1, 1], with probability 1 - delta: the least n whose success rate
over ``--trials`` pools, each searched exactly, has a lower Clopper-Pearson limit of 1 - delta. Beside it the least n at
which ``C(n, k)`` intervals of length ``2 eps`` could cover the window at all, and the size of a pool without a rule for
the density.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any, ClassVar

from experiments.fixed_size.figure import SIZE
from sltk.core.rng import stream
from sltk.harness.least_size import least_size
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform

DENSITIES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
PIECE = 250
TARGET = 1.0


@dataclass(frozen=True, kw_only=True)
class FixedSizeOptions(StudyOptions):
    """What is asked."""

    trials: int = 2000
    """Pools a size."""
    eps: tuple[float, ...] = (0.1, 0.01)
    """Tolerances of the sum; a curve each."""
    delta: float = 0.05
    """Failure probability that is allowed."""
    confidence: float = 0.99
    """Of the limit."""
    out: Path = Path("out/fixed_size")


class FixedSize(Study[FixedSizeOptions]):
    """Sizes by tolerance and density."""

    name = "fixed_size"
    claim = "fixed-size"
    measures = "The least size of a pool whose subsets of a given density reach a target."
    options = FixedSizeOptions
    minutes = 1.9
    quick: ClassVar = {"trials": 110, "eps": (0.2,)}
    figures: ClassVar = {"size": SIZE}

    def cells(self, options: FixedSizeOptions) -> dict[str, dict[str, Any]]:
        """Every density, and none, at every tolerance."""
        common = {"trials": options.trials, "delta": options.delta, "confidence": options.confidence}
        return {
            f"eps {eps:g}, density {g}": {"eps": eps, "density": g, **common}
            for eps in options.eps
            for g in (*DENSITIES, None)
        }

    def measure(self, cell: Mapping[str, Any], options: FixedSizeOptions) -> dict[str, Any]:
        """Least n that passes, from the counting bound upwards; ``None`` beyond 40."""
        first = 1 if cell["density"] is None else counting(cell["eps"], cell["density"])
        n = least_size(
            lambda n: missed(n, cell), cell["trials"], cell["delta"], first=first, confidence=cell["confidence"]
        )
        return {"n": n}

    def conclude(self, rows: Sequence[StudyRow], options: FixedSizeOptions) -> dict[str, Any]:
        """One curve a tolerance."""
        found = {(row.cell["eps"], row.cell["density"]): row.outputs["n"] for row in rows}
        curves = [
            {"eps": eps, "free": found[eps, None],
             "rows": [{"density": g, "n": found[eps, g], "counting": counting(eps, g)} for g in DENSITIES]}
            for eps in options.eps
        ]  # fmt: skip
        return {"trials": options.trials, "delta": options.delta, "confidence": options.confidence, "curves": curves}

    def tables(self, document: Mapping[str, Any]) -> list[str]:
        """One line a curve."""
        return [
            f"eps {curve['eps']:g}: any density {curve['free']}; "
            + ", ".join(f"{row['density']:g}: {row['n']}" for row in curve["rows"])
            for curve in document["curves"]
        ]


def missed(n: int, cell: Mapping[str, Any]) -> int:
    """Trials of the cell that fail at n samples; all of them where too many do."""
    eps, density, trials = cell["eps"], cell["density"], cell["trials"]
    size = None if density is None else max(1, round(density * n))
    generator = stream(0, "fixed-size", "study", repr(eps), n, repr(density))
    pools = Uniform(1.0).sample(generator, (trials, n))
    targets = generator.uniform(-TARGET, TARGET, trials)
    failures = 0
    for start in range(0, trials, PIECE):
        rows = slice(start, start + PIECE)
        failures += int((~solve(pools[rows], targets[rows], eps=eps, size=size).reached).sum())
        if failures > cell["delta"] * trials:  # no number of successes in what is left would pass
            return trials
    return failures


def counting(eps: float, density: float) -> int:
    """Least n with ``C(n, round(density n)) 2 eps >= 2``."""
    n = 1
    while comb(n, max(1, round(density * n))) * eps < TARGET:
        n += 1
    return n


STUDY = FixedSize()

if __name__ == "__main__":
    sys.exit(STUDY.main())
