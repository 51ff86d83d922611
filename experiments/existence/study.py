"""How often a source holds a small network: dense, convolutional, residual (claim ``plus-one-residual``).

Run ``python -m experiments.existence.study``; it writes ``out/existence/study.json`` and ``existence.png``. Rows are
stored: a run that was stopped goes on where it was.

Success over ``--seeds`` sources a point, with exact intervals, against n, eps, depth and width, beside the conditional
product formula, which has seen the target and none of the sources. A point's test refuses the formula where an exact
binomial test against the formula's interval does (false alarm 1e-9 a point, in halves); its power is that against a
success probability .1 away. Beside the curves over n, the pools that a union bound over all problems asks for, by
certificate, closed form and floor. At the least n, failures are opened up: which layer, range or resolution.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from experiments.existence.anatomy import anatomy
from experiments.existence.figure import EXISTENCE
from experiments.existence.points import EPS, FAMILIES, SWEEPS, N, named_points, small_of
from sltk.claims._existence import ALARM, cell_of, measure, predicted
from sltk.core.files import canonical_json
from sltk.core.rng import stream
from sltk.core.statistics.stats import clopper_pearson, power, test_proportion
from sltk.core.statistics.verdict import merge
from sltk.core.threads import limit
from sltk.harness.measurement import Measurement, RowTask
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.subset_sum.laws import Product, Uniform
from sltk.subset_sum.widths.required_size import required_size

KEY = "plus-one-residual"
DELTA = 0.05
CONFIDENCE, GAP = 0.99, 0.1


@dataclass(frozen=True, kw_only=True)
class ExistenceOptions(StudyOptions):
    """What is asked."""

    seeds: int = 3000
    """Sources a point."""
    trials: int = 2**16
    """Pools drawn for each predicted factor."""
    opened: int = 300
    """Tickets whose failures are opened up."""
    out: Path = Path("out/existence")


class Existence(Study[ExistenceOptions]):
    """Sources in blocks, the formula at every point, and for every family failures and pool sizes."""

    name = "existence"
    claim = KEY
    measures = "The share of sources that hold a small network, beside the product formula."
    minutes = 6.0
    options = ExistenceOptions
    quick: ClassVar = {"seeds": 20, "trials": 2**8, "opened": 3}
    figures: ClassVar = {"existence": EXISTENCE}

    def cells(self, options: ExistenceOptions) -> dict[str, dict[str, Any]]:
        """Equal points are one cell."""
        found: dict[str, dict[str, Any]] = {}
        points = {canonical_json(dict(point)): (name, point) for name, point in reversed(named_points().items())}
        names, grid = zip(*reversed(points.values()), strict=True)
        plan = Measurement(KEY, grid, (options.seeds,) * len(grid), block=500)
        for number, (name, point) in enumerate(zip(names, grid, strict=True)):
            for task in plan.tasks(number):
                found[f"{name}, sources {task.block}"] = {"asks": "sources", "point": dict(point), "task": task.inputs}
            found[f"{name}, formula"] = {"asks": "formula", "point": dict(point), "trials": options.trials}
        for small in FAMILIES:
            point = {"family": small.family, "point": cell_of(small, SWEEPS["n"][0], EPS)}
            found[f"{small.family}, failures"] = {"asks": "failures", **point, "tickets": options.opened}
            point = {"family": small.family, "point": cell_of(small, N, EPS)}
            found[f"{small.family}, widths"] = {"asks": "widths", **point, "delta": DELTA}
        return found

    def measure(self, cell: Mapping[str, Any], options: ExistenceOptions) -> dict[str, Any]:
        """What the cell asks."""
        return ASKED[cell["asks"]](cell)

    def conclude(self, rows: Sequence[StudyRow], options: ExistenceOptions) -> dict[str, Any]:
        """Every point judged, beside failures and sizes."""
        judged_points = [judged(name, point, rows, options.seeds) for name, point in named_points().items()]
        listed = {asks: {row.cell["family"]: row.outputs["rows"] for row in answers(rows, asks)}
                  for asks in ("failures", "widths")}  # fmt: skip
        return {
            "seeds": options.seeds, "false_alarm": ALARM * len(judged_points), "rows": judged_points,
            "opened": listed["failures"], "widths": listed["widths"], "n": N, "eps": EPS, "delta": DELTA,
        }  # fmt: skip

    def holds(self, document: Mapping[str, Any]) -> bool:
        """No point refuses the formula."""
        return not any(row["refuted"] for row in document["rows"])

    def tables(self, document: Mapping[str, Any]) -> Iterator[str]:
        """Points, failures and widths."""
        return lines(document)


def sources(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Successes over a block of sources."""
    return RowTask.of(cell["task"]).run(measure)


def formula(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The formula's probability with its interval."""
    point = cell["point"]
    found = predicted(small_of(point), point["n"], point["eps"], trials=cell["trials"])
    return {"p": found.p, "low": found.low, "high": found.high}


def failures(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Failures by layer, kind and cause, over tickets of their own stream."""
    small, point, tickets = small_of(cell["point"]), cell["point"], cell["tickets"]
    total: Counter[tuple[str, str, str]] = Counter()
    seeds = stream(0, "experiments", "existence", "opened", small.family).integers(2**63, size=tickets).tolist()
    with limit(1):
        for seed in seeds:
            total += anatomy(small.ticket(point["n"], point["eps"], seed))
    return {"rows": [{"layer": layer, "kind": kind, "cause": why, "failures": count, "tickets": tickets}
                     for (layer, kind, why), count in sorted(total.items())]}  # fmt: skip


def widths(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Samples of a pool, layer by layer, so that all problems of the network are solved with ``1 - DELTA``."""
    small, point = small_of(cell["point"]), cell["point"]
    ticket, found = small.ticket(point["n"], point["eps"], 0), []
    for index, stage in enumerate(small.network().stages):
        law = Product(Uniform(1.0), Uniform(1.0)) if index == 0 else Uniform(1.0)
        window = 2.0 * float(stage.affine.weight.abs().max())
        found.append({
            "layer": stage.affine.name,
            **{method: required_size(point["eps"], cell["delta"] / ticket.problems, method=method, law=law,
                                     window=window)
               for method in ("floor", "certificate", "closed-form")},
        })  # fmt: skip
    return {"rows": found}


ASKED: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "sources": sources,
    "formula": formula,
    "failures": failures,
    "widths": widths,
}


def answers(rows: Sequence[StudyRow], asks: str, point: Mapping[str, Any] | None = None) -> list[StudyRow]:
    """Rows of one kind, at one point or at all."""
    return [row for row in rows if row.cell["asks"] == asks and point in (None, row.cell["point"])]


def judged(name: str, point: Mapping[str, Any], rows: Sequence[StudyRow], seeds: int) -> dict[str, Any]:
    """One point: frequency with its interval, the formula's, the test, and its power."""
    successes = merge(row.outputs for row in answers(rows, "sources", point))["successes"]
    said = answers(rows, "formula", point)[0].outputs
    low, high = said["low"], said["high"]
    interval = clopper_pearson(successes, seeds, CONFIDENCE)
    test = test_proportion(successes, seeds, low, high, ALARM / 2.0)
    other = low - GAP if low > GAP else min(1.0, high + GAP)
    family, sweep, value = name.split()
    return {
        "family": family, "sweep": sweep, "value": float(value), "cell": dict(point), "successes": successes,
        "share": successes / seeds, "interval": list(interval), "p": said["p"], "low": low, "high": high,
        "p_value": test.p_value, "refuted": test.rejected, "power": power(seeds, other, low, high, ALARM / 2.0),
    }  # fmt: skip


def lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Points, failures and widths, a line each."""
    for row in document["rows"]:
        yield (f"{row['family']:8s} {row['sweep']:5s} {row['value']:5g}: {row['share']:.4f} in "
               f"[{row['interval'][0]:.4f}, {row['interval'][1]:.4f}], predicted {row['p']:.4f} in [{row['low']:.4f}, "
               f"{row['high']:.4f}], p-value {row['p_value']:.2g}, power {row['power']:.6f}, "
               f"{'REFUTED' if row['refuted'] else 'not refuted'}")  # fmt: skip
    for family, rows in document["opened"].items():
        for row in rows:
            yield (f"{family:8s} {row['layer']}, {row['kind']}, {row['cause']}: {row['failures']} failures in "
                   f"{row['tickets']} tickets")  # fmt: skip
    for family, rows in document["widths"].items():
        for row in rows:
            yield (f"{family:8s} {row['layer']}: floor {row['floor']}, certificate {row['certificate']}, "
                   f"closed form {row['closed-form']}")  # fmt: skip
    refuted = sum(row["refuted"] for row in document["rows"])
    yield f"{len(document['rows'])} points, {refuted} refuted; false alarm in all {document['false_alarm']:.1g}."


STUDY = Existence()

if __name__ == "__main__":
    sys.exit(STUDY.main())
