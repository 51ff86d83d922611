"""What it is worth that samples may move a little (claim ``epsilon-perturbation``).

Run ``python -m experiments.epsilon_perturbation.study``; it writes ``out/epsilon_perturbation/study.json`` and
``size.png``. For each move m, the least n such that a fixed target, uniform in [-1, 1], is within eps of a subset of n
from U[-1, 1] whose samples may each move by m; beside it n(0)/(1 + m), the factor that the abstract gives, whose exact
conditions we have not read.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from experiments._sizes import SizeOptions, SizeStudy
from experiments.epsilon_perturbation.figure import SIZE
from sltk.core.rng import stream
from sltk.harness.study import StudyRow
from sltk.subset_sum import solve_movable
from sltk.subset_sum.laws import Uniform


@dataclass(frozen=True, kw_only=True)
class MoveOptions(SizeOptions):
    """What is asked."""

    eps: float = 0.001
    """Tolerance of the sum."""
    out: Path = Path("out/epsilon_perturbation")


class EpsilonPerturbation(SizeStudy[MoveOptions]):
    """Sizes by the move that is allowed."""

    name = "epsilon_perturbation"
    claim = "epsilon-perturbation"
    measures = "The least size of a pool whose samples may each move a little."
    options = MoveOptions
    minutes = 0.06
    figures: ClassVar = {"size": SIZE}
    axis, grid = "move", (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)

    def missed(self, n: int, cell: Mapping[str, Any]) -> int:
        """Trials that fail at n samples."""
        generator = stream(0, "epsilon-perturbation", "study", n)
        pools = Uniform(1.0).sample(generator, (cell["trials"], n))
        targets = generator.uniform(-1.0, 1.0, cell["trials"])
        return int((~solve_movable(pools, targets, eps=cell["eps"], movable=cell["move"]).reached).sum())

    def conclude(self, rows: Sequence[StudyRow], options: MoveOptions) -> dict[str, Any]:
        """Sizes, beside the factor of the abstract."""
        document = super().conclude(rows, options)
        for row in document["rows"]:
            row["factor"] = document["rows"][0]["n"] / (1.0 + row["move"])
        return document


STUDY = EpsilonPerturbation()

if __name__ == "__main__":
    sys.exit(STUDY.main())
