"""The least size of a covering pool against ln(1/eps), with the sizes that are proved beside it (claim ``lueker``).

Run ``python -m experiments.lueker.study``; it writes ``out/lueker/study.json`` and, through ``figure.py``,
``out/lueker/sizes.png``. Rows are kept in ``out/lueker/rows.jsonl``: a run that was stopped goes on where it was.

Each mean has an empirical Bernstein interval; all of them hold together with probability at least ``CONFIDENCE``.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments.lueker.figure import SIZES
from sltk.claims import claim
from sltk.claims.lueker import CAP, PAIR_CAP
from sltk.core.statistics.verdict import bernstein, merge
from sltk.harness.measurement import Measurement, RowTask
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.subset_sum.bounds import closed_form_size, counting_floor
from sltk.subset_sum.laws import Uniform

TOLERANCES = (0.4, 0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625)
CONFIDENCE = 0.99
DELTA = 0.05
KINDS = (("all", CAP), ("pairs", PAIR_CAP))


@dataclass(frozen=True, kw_only=True)
class LuekerOptions(StudyOptions):
    """What is asked."""

    trials: int = 2000
    """Pools of either kind."""
    out: Path = Path("out/lueker")


class Lueker(Study[LuekerOptions]):
    """Blocks of pools of either kind."""

    name = claim = "lueker"
    measures = "The mean least size of a pool that covers a window, against ln(1/eps)."
    options = LuekerOptions
    minutes = 0.1
    quick: ClassVar = {"trials": 20}
    figures: ClassVar = {"sizes": SIZES}

    def cells(self, options: LuekerOptions) -> dict[str, dict[str, Any]]:
        """The blocks of the claim's own measurement."""
        grid = tuple({"subsets": kind, "eps": list(TOLERANCES), "cap": cap} for kind, cap in KINDS)
        plan = Measurement("lueker", grid, (options.trials,) * len(grid), revision=claim("lueker").revision)
        return {
            f"{kind} {task.block}": task.inputs
            for number, (kind, _) in enumerate(KINDS)
            for task in plan.tasks(number)
        }  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: LuekerOptions) -> dict[str, Any]:
        """Least sizes of the block's pools, summed."""
        own = claim("lueker").measure
        assert own is not None
        return RowTask.of(cell).run(own)

    def conclude(self, rows: Sequence[StudyRow], options: LuekerOptions) -> dict[str, Any]:
        """Means of either kind beside the sizes that are proved."""
        kinds = []
        for kind, cap in KINDS:
            outputs = merge(row.outputs for row in rows if row.cell["cell"]["subsets"] == kind)
            kinds.append({"subsets": kind, "sizes": _means(outputs, cap), "censored": outputs["censored"]})
        proved = {
            "floor": [counting_floor(eps, 1.0) for eps in TOLERANCES],
            "closed form": [closed_form_size(eps, DELTA, Uniform()) for eps in TOLERANCES],
        }
        return {
            "trials": options.trials, "confidence": CONFIDENCE, "delta": DELTA, "kinds": kinds,
            "x": [math.log(1.0 / eps) for eps in TOLERANCES], "proved": proved,
        }  # fmt: skip

    def tables(self, document: Mapping[str, Any]) -> list[str]:
        """The slope of either kind."""
        return [f"slopes {', '.join(f'{_slope(document, kind):.3f}' for kind in document['kinds'])}"]


def _means(outputs: Mapping[str, Any], cap: int) -> list[list[float]]:
    """Mean, low and high at every tolerance."""
    level = (1.0 - CONFIDENCE) / (len(KINDS) * len(TOLERANCES))
    found = []
    for place, total in enumerate(outputs["sums"]):
        squares = outputs["products"][place][place]
        mean, radius = bernstein(total, squares, outputs["trials"], cap, level)
        found.append([mean, mean - radius, mean + radius])
    return found


def _slope(document: Mapping[str, Any], kind: Mapping[str, Any]) -> float:
    return float(np.polyfit(document["x"], [size[0] for size in kind["sizes"]], 1)[0])


STUDY = Lueker()

if __name__ == "__main__":
    sys.exit(STUDY.main())
