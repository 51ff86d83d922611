"""What it is worth that samples may move a little (claim ``epsilon-perturbation``).

Run ``python -m experiments.epsilon_perturbation.study``; it writes ``out/epsilon_perturbation/study.json`` and
``size.png``. For each move m, the least n such that a fixed target, uniform in [-1, 1], is within eps of a subset of n
from U[-1, 1] whose samples may each move by m; beside it n(0)/(1 + m), the factor that the abstract gives, whose exact
conditions we have not read.
"""

import argparse
import sys

from experiments._sizes import size_options, write_and_draw
from experiments.epsilon_perturbation.figure import draw
from sltk.core.rng import stream
from sltk.harness.least_size import least_size
from sltk.subset_sum import solve_movable
from sltk.subset_sum.laws import Uniform

MOVES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)


def main(arguments: list[str]) -> None:
    """Measure, print, write, draw."""
    options = size_options(__doc__, "epsilon-perturbation", arguments, eps=0.001)
    rows = []
    for move in MOVES:
        n = least_size(lambda n, m=move: missed(n, m, options), options.trials, options.delta)
        rows.append({"move": move, "n": n})
        print(f"moves of {move:g}: n = {n}")
    for row in rows:
        row["factor"] = rows[0]["n"] / (1.0 + row["move"])
    write_and_draw("epsilon-perturbation", arguments, options, draw, rows=rows)


def missed(n: int, move: float, options: argparse.Namespace) -> int:
    """Trials that fail at n samples."""
    generator = stream(0, "epsilon-perturbation", "study", n)
    pools = Uniform(1.0).sample(generator, (options.trials, n))
    targets = generator.uniform(-1.0, 1.0, options.trials)
    return int((~solve_movable(pools, targets, eps=options.eps, movable=move).reached).sum())


if __name__ == "__main__":
    main(sys.argv[1:])
