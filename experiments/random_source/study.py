"""What a source that is sparse from the start costs (claim ``random-source``).

Run ``python -m experiments.random_source.study``; it writes ``out/random_source/study.json`` and ``size.png``. For each
density p, the least n such that a fixed target, uniform in [-1, 1], is within eps of a subset of the samples that a
mask of density p has left of n from U[-1, 1]; beside it n(1)/p, n(1)/ln(1/(1-p)) and the closed form, which covers a
window.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from experiments._sizes import SizeOptions, SizeStudy
from experiments.random_source.figure import SIZE
from sltk.core.rng import stream
from sltk.harness.study import StudyRow
from sltk.subset_sum import solve
from sltk.subset_sum.bounds import closed_form_size
from sltk.subset_sum.laws import Masked, Uniform

MOST = 40  # samples that the solver takes; masked ones are left out before it sees them


@dataclass(frozen=True, kw_only=True)
class MaskedOptions(SizeOptions):
    """What is asked."""

    eps: float = 0.01
    """Tolerance of the sum."""
    out: Path = Path("out/random_source")


class RandomSource(SizeStudy[MaskedOptions]):
    """Sizes by the density of the source."""

    name = "random_source"
    claim = "random-source"
    measures = "The least size of a pool of which a random mask has left a share."
    options = MaskedOptions
    minutes = 0.26
    figures: ClassVar = {"size": SIZE}
    axis, grid, last = "density", (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2), 120

    def missed(self, n: int, cell: Mapping[str, Any]) -> int:
        """Trials that fail at n samples before the mask; all of them where too many do."""
        density, trials, eps = cell["density"], cell["trials"], cell["eps"]
        generator = stream(0, "random-source", "study", n, repr(density))
        pools = Uniform(1.0).sample(generator, (trials, n))
        kept = generator.random((trials, n)) < density
        targets = generator.uniform(-1.0, 1.0, trials)
        failures = 0
        for pool, mask, target in zip(pools, kept, targets, strict=True):
            samples = pool[mask][:MOST]
            found = samples.size and solve(samples, target, eps=eps, objective="cardinality").reached
            failures += not (found or abs(target) <= eps)
            if failures > cell["delta"] * trials:
                return trials
        return failures

    def conclude(self, rows: Sequence[StudyRow], options: MaskedOptions) -> dict[str, Any]:
        """Sizes, beside the closed form and two rules of thumb."""
        document = super().conclude(rows, options)
        whole = document["rows"][0]["n"]
        for row in document["rows"]:
            p = row["density"]
            row["closed"] = closed_form_size(options.eps, options.delta, Masked(Uniform(), p) if p < 1.0 else Uniform())
            row |= {"share": whole / p, "log": whole / math.log(1.0 / (1.0 - p)) if p < 1.0 else None}
        return document

    def line(self, row: Mapping[str, Any]) -> str:
        """One density and its size."""
        return f"density {row['density']:g}: n = {row['n']}, closed form {row['closed']}"


STUDY = RandomSource()

if __name__ == "__main__":
    sys.exit(STUDY.main())
