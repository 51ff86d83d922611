"""Found or built: the tickets that a search finds in a source, beside those that subset sums build in the same one.

Run ``python -m experiments.found_or_built.study``. On digits: a target 64-16-10 is trained, pruned to a density and
trained on; its ticket is built in a source of 266,000 random weights, two source layers to a layer, with the fewest
samples. Edge-popup then searches the same source for a ticket with the same number of weights in each layer, or with
2, 4, 8 or 16 times as many, at three rates. It is helped: biases are those that the built ticket keeps, and the weights
of a layer are scaled for the number that is kept, which changes no answer of any mask.

Controls: a search of the source as it was drawn; one that starts from the built ticket; a random mask of the counts.
The rate is the one of best mean validation accuracy over the tuning seeds, which no verdict looks at. Each claim is a
family of exact sign-flip tests, paired over the other seeds, that errs anywhere with probability .05 (Holm). Both have
the same epochs; the solver's work, seconds, is not counted. It draws ``out/found_or_built/crossing.png``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType

from experiments.found_or_built.figure import CROSSING
from experiments.found_or_built.source import CountedSearch, build, digits, searched
from experiments.found_or_built.summary import COLD, RANDOM, UNSCALED, WARM, crossing, judged, level_table, own_rates
from sltk.core.threads import limit
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.studies.tables import findings_table

LEVELS = ((1.0, 1), (0.5, 1), (0.25, 1), (1.0, 2), (1.0, 4), (1.0, 8), (1.0, 16))
CONTROLLED = (1, 4)  # factors at which the controls are run


@dataclass(frozen=True, kw_only=True)
class FoundOptions(StudyOptions):
    """What is asked."""

    levels: tuple[tuple[float, int], ...] = LEVELS
    """Kept fraction of the target's weights, and how many times the weights of its ticket the search may keep."""
    rates: tuple[float, ...] = (0.2, 0.02, 0.002)
    """Of SGD on the scores."""
    epochs: float = 20
    """Of a search, and of both trainings of a target together."""
    seeds: int = 8
    """Targets and sources that verdicts look at: 100, 101, ..."""
    tuning: int = 2
    """Those that choose the rate of a search: 0, 1, ..."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out/found_or_built")
    """Folder for rows, JSON and figures."""


class FoundOrBuilt(Study[FoundOptions]):
    """One level and seed a cell: the built ticket, the search at every rate, the controls."""

    name = "found_or_built"
    measures = "Accuracy of tickets that a search finds, beside those that are built in the same source, by density."
    minutes = 14.0
    options = FoundOptions
    quick: ClassVar = {"levels": ((1.0, 1), (1.0, 4)), "rates": (0.02,), "epochs": 6, "seeds": 2, "tuning": 1}
    figures: ClassVar = {"crossing": CROSSING}
    width = 130

    def cells(self, options: FoundOptions) -> dict[str, dict[str, Any]]:
        """Every level of every seed."""
        seeds = (*range(options.tuning), *range(FIRST, FIRST + options.seeds))
        return {
            f"target at {density:g}, {factor} times its ticket, seed {seed}": {
                "density": density, "factor": factor, "seed": seed, "rates": options.rates, "epochs": options.epochs,
            }
            for density, factor in options.levels
            for seed in seeds
        }  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: FoundOptions) -> dict[str, Any]:
        """The built ticket, and what searches find."""
        return measured(cell)

    def conclude(self, rows: Sequence[StudyRow], options: FoundOptions) -> dict[str, Any]:
        """Every row, the rate of each search, where search and construction cross, and the verdicts."""
        found = [{**row.cell, **row.outputs} for row in rows]
        own = own_rates(found, FIRST)
        asked = {"levels": options.levels, "rates": options.rates, "seeds": options.seeds, "epochs": options.epochs}
        findings = [asdict(one) for one in judged(found, own, FIRST)]
        return {**asked, "first": FIRST, "own": own, "rows": found, "crossing": crossing(found, own, FIRST),
                "findings": findings}  # fmt: skip

    def holds(self, document: Mapping[str, Any]) -> bool:
        """A search that starts from the built ticket starts from its accuracy: both are masks of one source."""
        starts = [(row["built"]["test"], one["start"]) for row in document["rows"] for one in row[WARM]]
        return all(abs(built - start) <= ROUNDED for built, start in starts)

    def tables(self, document: Mapping[str, Any]) -> list[RenderableType]:
        """Accuracies by level, the crossing, verdicts."""
        rows, own, first = document["rows"], document["own"], document["first"]
        said = document["crossing"]
        where = (
            "none in range" if said is None else f"density {said['density']:.3g}, {said['factor']:.2g} times the ticket"
        )
        crossed = f"Search reaches the built ticket of the whole target at: {where} (means, straight in the logarithm)."
        return [level_table(document), crossed, findings_table(judged(rows, own, first), "where", "points")]


FIRST = 100  # seed of the first run that verdicts look at
ROUNDED = 0.006  # two of 360 answers, which float32 may change


@limit(1)
def measured(cell: Mapping[str, Any]) -> dict[str, Any]:
    """What one source holds: the ticket that was built, and what searches find."""
    task, seed, epochs, factor = digits(), cell["seed"], cell["epochs"], cell["factor"]
    built = build(task, seed, cell["density"], epochs)
    counts = built.counts(factor)
    density = sum(counts.values()) / built.outputs["weights"]
    scaled = built.scaled(counts)

    def search(network: Any, rate: float, **more: Any) -> dict[str, Any]:
        method = CountedSearch(density, "own", counts=counts, **more)
        return searched(built, network, method, task, seed, epochs, rate)

    warm = (cell["density"], factor) == LEVELS[0]
    return {
        "built": dict(built.outputs),
        COLD: [search(scaled, rate) for rate in cell["rates"]],
        WARM: [search(scaled, rate, begun=built.weights) for rate in cell["rates"]] if warm else [],
        UNSCALED: [search(built.network, cell["rates"][0])] if factor in CONTROLLED else [],
        RANDOM: [search(scaled, cell["rates"][0], trained=False)],
    }


STUDY = FoundOrBuilt()

if __name__ == "__main__":
    sys.exit(STUDY.main())
