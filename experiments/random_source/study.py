"""What a source that is sparse from the start costs (claim ``random-source``).

Run ``python -m experiments.random_source.study``; it writes ``out/random_source/study.json`` and ``size.png``. For each
density p, the least n such that a fixed target, uniform in [-1, 1], is within eps of a subset of the samples that a
mask of density p has left of n from U[-1, 1]; beside it n(1)/p, n(1)/ln(1/(1-p)) and the closed form, which covers a
window.
"""

import argparse
import math
import sys

from experiments._sizes import size_options, write_and_draw
from experiments.random_source.figure import draw
from sltk.core.rng import stream
from sltk.harness.least_size import least_size
from sltk.subset_sum import solve
from sltk.subset_sum.bounds import closed_form_size
from sltk.subset_sum.laws import Masked, Uniform

DENSITIES = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2)
MOST = 40  # samples that the solver takes; masked ones are left out before it sees them


def main(arguments: list[str]) -> None:
    """Measure, print, write, draw."""
    options = size_options(__doc__, "random-source", arguments, eps=0.01)
    rows = []
    for p in DENSITIES:
        n = least_size(lambda n, p=p: missed(n, p, options), options.trials, options.delta, last=120)
        closed = closed_form_size(options.eps, options.delta, Masked(Uniform(), p) if p < 1.0 else Uniform())
        rows.append({"density": p, "n": n, "closed": closed})
        print(f"density {p:g}: n = {n}, closed form {closed}")
    whole = rows[0]["n"]
    for row in rows:
        p = row["density"]
        row |= {"share": whole / p, "log": whole / math.log(1.0 / (1.0 - p)) if p < 1.0 else None}
    write_and_draw("random-source", arguments, options, draw, rows=rows)


def missed(n: int, density: float, options: argparse.Namespace) -> int:
    """Trials that fail at n samples before the mask."""
    generator = stream(0, "random-source", "study", n, repr(density))
    pools = Uniform(1.0).sample(generator, (options.trials, n))
    kept = generator.random((options.trials, n)) < density
    targets = generator.uniform(-1.0, 1.0, options.trials)
    failures = 0
    for pool, mask, target in zip(pools, kept, targets, strict=True):
        samples = pool[mask][:MOST]
        found = samples.size and solve(samples, target, eps=options.eps, objective="cardinality").reached
        failures += not (found or abs(target) <= options.eps)
        if failures > options.delta * options.trials:
            return options.trials
    return failures


if __name__ == "__main__":
    main(sys.argv[1:])
