"""What a partly frozen source costs (claim ``frozen-source``).

Run ``python -m experiments.frozen_source.study``; it writes ``out/frozen_source/study.json`` and ``size.png``. Of n
samples from U[-1, 1] a share is locked in, the rest is free; for each share, the least n such that a fixed target,
uniform in [-1, 1], is within eps of the locked sum and a free subset. Locked samples take no mask, and move the target:
by more, the more there are.
"""

import argparse
import sys

import numpy as np

from experiments._sizes import size_options, write_and_draw
from experiments.frozen_source.figure import draw
from sltk.core.rng import stream
from sltk.harness.least_size import least_size
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def main(arguments: list[str]) -> None:
    """Measure, print, write, draw."""
    options = size_options(__doc__, "frozen-source", arguments, eps=0.01)
    rows = []
    for share in SHARES:
        n = least_size(lambda n, s=share: missed(n, s, options), options.trials, options.delta, first=4)
        rows.append({"locked": share, "n": n})
        print(f"locked {share:g}: n = {n}")
    for row in rows:
        row["free alone"] = rows[0]["n"] / (1.0 - row["locked"])
    write_and_draw("frozen-source", arguments, options, draw, rows=rows)


def missed(n: int, share: float, options: argparse.Namespace) -> int:
    """Trials that fail at n samples, a share of them locked."""
    generator = stream(0, "frozen-source", "study", n, repr(share))
    pools = Uniform(1.0).sample(generator, (options.trials, n))
    targets = generator.uniform(-1.0, 1.0, options.trials)
    free = max(1, n - round(share * n))
    rest = targets - np.sum(pools[:, free:], axis=1)
    return int((~solve(pools[:, :free], rest, eps=options.eps, objective="cardinality").reached).sum())


if __name__ == "__main__":
    main(sys.argv[1:])
