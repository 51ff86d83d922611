"""How much over-parameterisation a density costs: pools with subsets of a given size (claim ``fixed-size``).

Run ``python -m experiments.fixed_size.study``; it writes ``out/fixed_size/study.json`` and ``size.png``.

For a density g, ``n(g)`` is the least n such that a fixed target, uniform in [-1, 1], is within eps of the sum of
exactly ``round(g n)`` samples of a pool of n from U[-1, 1], with probability 1 - delta: the least n whose success rate
over ``--trials`` pools, each searched exactly, has a lower Clopper-Pearson limit of 1 - delta. Beside it the least n at
which ``C(n, k)`` intervals of length ``2 eps`` could cover the window at all, and the size of a pool without a rule for
the density.
"""

import argparse
import sys
from math import comb
from pathlib import Path

from experiments.fixed_size.figure import draw
from sltk.core.files import canonical_json, write_atomic
from sltk.core.rng import stream
from sltk.harness.least_size import least_size
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform

DENSITIES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
PIECE = 250
TARGET = 1.0


def main(arguments: list[str]) -> None:
    """Measure, print, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--eps", type=float, nargs="+", default=[0.1, 0.01])
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--confidence", type=float, default=0.99)
    parser.add_argument("--out", type=Path, default=Path("out/fixed_size"))
    options = parser.parse_args(arguments)
    curves = []
    for eps in options.eps:
        rows = [{"density": g, "n": least(eps, g, options), "counting": counting(eps, g)} for g in DENSITIES]
        curves.append({"eps": eps, "free": least(eps, None, options), "rows": rows})
        print(
            f"eps {eps:g}: any density {curves[-1]['free']}; " + ", ".join(f"{r['density']:g}: {r['n']}" for r in rows)
        )
    result = {"key": "fixed-size", "trials": options.trials, "delta": options.delta, "confidence": options.confidence,
              "curves": curves}  # fmt: skip
    write_atomic(options.out / "study.json", canonical_json(result))
    draw(result, options.out / "size.png", f"python -m experiments.fixed_size.study {' '.join(arguments)}".strip())


def least(eps: float, density: float | None, options: argparse.Namespace) -> int | None:
    """Least n that passes, from the counting bound upwards; ``None`` beyond 40."""
    first = 1 if density is None else counting(eps, density)
    return least_size(
        lambda n: missed(n, eps, density, options), options.trials, options.delta, first=first,
        confidence=options.confidence,
    )  # fmt: skip


def missed(n: int, eps: float, density: float | None, options: argparse.Namespace) -> int:
    """Trials that fail at n samples; all of them where too many do."""
    size = None if density is None else max(1, round(density * n))
    generator = stream(0, "fixed-size", "study", repr(eps), n, repr(density))
    pools = Uniform(1.0).sample(generator, (options.trials, n))
    targets = generator.uniform(-TARGET, TARGET, options.trials)
    failures = 0
    for start in range(0, options.trials, PIECE):
        rows = slice(start, start + PIECE)
        failures += int((~solve(pools[rows], targets[rows], eps=eps, size=size).reached).sum())
        if failures > options.delta * options.trials:  # no number of successes in what is left would pass
            return options.trials
    return failures


def counting(eps: float, density: float) -> int:
    """Least n with ``C(n, round(density n)) 2 eps >= 2``."""
    n = 1
    while comb(n, max(1, round(density * n))) * eps < TARGET:
        n += 1
    return n


if __name__ == "__main__":
    main(sys.argv[1:])
