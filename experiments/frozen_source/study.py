"""What a partly frozen source costs (claim ``frozen-source``).

Run ``python -m experiments.frozen_source.study``; it writes ``out/frozen_source/study.json`` and ``size.png``. Of n
samples from U[-1, 1] a share is locked in, the rest is free; for each share, the least n such that a fixed target,
uniform in [-1, 1], is within eps of the locked sum and a free subset. Locked samples take no mask, and move the target:
by more, the more there are.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments._sizes import SizeOptions, SizeStudy
from experiments.frozen_source.figure import SIZE
from sltk.core.rng import stream
from sltk.harness.study import StudyRow
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform


@dataclass(frozen=True, kw_only=True)
class LockedOptions(SizeOptions):
    """What is asked."""

    eps: float = 0.01
    """Tolerance of the sum."""
    out: Path = Path("out/frozen_source")


class FrozenSource(SizeStudy[LockedOptions]):
    """Sizes by the share that is locked in."""

    name = "frozen_source"
    claim = "frozen-source"
    measures = "The least size of a pool of which a share is kept whatever the target."
    options = LockedOptions
    minutes = 0.06
    figures: ClassVar = {"size": SIZE}
    axis, grid, first = "locked", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6), 4

    def missed(self, n: int, cell: Mapping[str, Any]) -> int:
        """Trials that fail at n samples, a share of them locked."""
        share, trials = cell["locked"], cell["trials"]
        generator = stream(0, "frozen-source", "study", n, repr(share))
        pools = Uniform(1.0).sample(generator, (trials, n))
        targets = generator.uniform(-1.0, 1.0, trials)
        free = max(1, n - round(share * n))
        rest = targets - np.sum(pools[:, free:], axis=1)
        return int((~solve(pools[:, :free], rest, eps=cell["eps"], objective="cardinality").reached).sum())

    def conclude(self, rows: Sequence[StudyRow], options: LockedOptions) -> dict[str, Any]:
        """Sizes, beside those that would leave as many samples free as without a lock."""
        document = super().conclude(rows, options)
        for row in document["rows"]:
            row["free alone"] = document["rows"][0]["n"] / (1.0 - row["locked"])
        return document


STUDY = FrozenSource()

if __name__ == "__main__":
    sys.exit(STUDY.main())
