"""Observed failures of real tickets, layer by layer, beside the expectation that the marginals predict.

Run ``SLTK_DATA=F sltk run failure-counts``, where F holds ``targets/conv_mnist.pt``, or name another target by
``--target``, ``--arch`` and ``--input-shape``; it prints a table for each method and writes
``out/failure_counts/METHOD.json``.

The expectation is exact for the mean over seeds by linearity, whatever problems share. Its interval is the one of
the sampled failure probabilities; the scatter of a handful of seeds around it comes on top, and is wider than
Poisson where problems share their univariate weights or constants.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from rich.table import Table

from experiments._target import ConvMnistOptions
from experiments.failure_counts.figure import COUNTS
from sltk.construct import Construction, Recipe, Search, StrongTicket
from sltk.construct.failures import KINDS
from sltk.construct.predict.counting import Expectation
from sltk.harness.study import Study, StudyRow


@dataclass(frozen=True, kw_only=True)
class CountOptions(ConvMnistOptions):
    """What is asked."""

    methods: tuple[str, ...] = ("plus-one", "two-layer")
    """Constructions."""
    n: tuple[int, ...] = (14, 17, 20, 24)
    """Samples of a pool."""
    seeds: int = 5
    """Tickets of either construction at each n."""
    param_eps: float = 0.01
    """Tolerance of every parameter."""
    law: str = "uniform(2.0)"
    """Of the source's weights."""
    trials: int = 2**18
    """Pools drawn for each probability."""
    out: Path = Path("out/failure_counts")


class FailureCounts(Study[CountOptions]):
    """One construction at one n a cell."""

    name = "failure_counts"
    measures = "Failures of tickets by layer, beside their expectation."
    options = CountOptions
    needs = "the published conv_mnist.pt, or another target"
    minutes = 0.61
    quick: ClassVar = {"n": (20,), "seeds": 2, "trials": 2**14}
    paper: ClassVar = {"n": (14, 17, 20, 24, 26), "trials": 2**20}
    clocks: ClassVar = frozenset({"built", "predicted"})
    figures: ClassVar = {"counts": COUNTS}

    def cells(self, options: CountOptions) -> dict[str, dict[str, Any]]:
        """Every construction at every n."""
        common = {**options.about_target(), "seeds": options.seeds, "param_eps": options.param_eps,
                  "law": options.law, "trials": options.trials}  # fmt: skip
        return {f"{method}, n = {n}": {"method": method, "n": n, **common}
                for method in options.methods for n in options.n}  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: CountOptions) -> dict[str, Any]:
        """One row for each stage and kind of problem."""
        recipe = Recipe(**{name: cell[name] for name in ("method", "n", "param_eps", "law")})
        asked = Construction(options.network(), tuple(cell["box"]), recipe)
        started = time.perf_counter()
        tickets = [asked.build(seed, Search("cardinality")) for seed in range(cell["seeds"])]
        counts = [_by_kind(ticket) for ticket in tickets]
        built, started = time.perf_counter() - started, time.perf_counter()
        expected = asked.expected_failures(trials=cell["trials"])
        assert sum(e.problems for e in expected) == tickets[0].problems, "the prediction counts other problems"
        rows = [_row(cell["n"], e, [c.get((e.stage, e.kind), 0) for c in counts]) for e in expected]
        return {"rows": rows, "built": built, "predicted": time.perf_counter() - started}

    def conclude(self, rows: Sequence[StudyRow], options: CountOptions) -> dict[str, Any]:
        """One document a construction."""
        about = {"architecture": options.arch, "target": options.target_name, "law": options.law,
                 "param_eps": options.param_eps}  # fmt: skip
        methods = {}
        for method in options.methods:
            own = [row.outputs for row in rows if row.cell["method"] == method]
            found = [one for outputs in own for one in outputs["rows"]]
            methods[method] = {**about, "method": method, "rows": found}
        seconds = {row.name: [row.outputs["built"], row.outputs["predicted"]] for row in rows}
        return {"seeds": options.seeds, "methods": methods, "seconds": seconds}

    def files(self, document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """``METHOD.json``."""
        return {f"{method}.json": own for method, own in document["methods"].items()}

    def tables(self, document: Mapping[str, Any]) -> Iterator[str | Table]:
        """Times, and a table a construction."""
        for name, (built, predicted) in document["seconds"].items():
            yield f"{name}: {built:.1f} s for {document['seeds']} tickets, {predicted:.1f} s for the prediction"
        for method, own in document["methods"].items():
            yield table(method, own["rows"])


def _by_kind(ticket: StrongTicket) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for stage, kind in zip(ticket.failures.stage, ticket.failures.kind, strict=True):
        key = int(stage), KINDS[kind].rstrip("+-")
        found[key] = found.get(key, 0) + 1
    return found


def _row(n: int, expected: Expectation, observed: list[int]) -> dict[str, Any]:
    return {"n": n, "stage": expected.stage + 1, "kind": expected.kind, "problems": expected.problems,
            "observed": observed, "mean": float(np.mean(observed)), "expected": expected.mean,
            "low": expected.low, "high": expected.high, "confidence": expected.confidence}  # fmt: skip


def table(method: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Observed counts beside expectations."""
    sheet = Table(title=f"{method}: failures of each seed beside their expectation")
    for column in ("n", "layer", "problems", "observed, by seed", "mean", "expected", "interval"):
        sheet.add_column(column, justify="left" if column in ("layer", "observed, by seed") else "right")
    for n in sorted({row["n"] for row in rows}):
        own = [row for row in rows if row["n"] == n]
        for row in own:
            sheet.add_row(*_cells(row))
        total = {key: sum(row[key] for row in own) for key in ("problems", "mean", "expected", "low", "high")}
        observed = [sum(counts) for counts in zip(*(row["observed"] for row in own), strict=True)]
        total |= {"n": n, "stage": "all", "kind": "", "observed": observed}
        sheet.add_row(*_cells(total), end_section=True, style="bold")
    return sheet


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [str(row["n"]), f"{row['stage']} {row['kind']}", f"{row['problems']:,}", " ".join(map(str, row["observed"])),
            f"{row['mean']:.2f}", f"{row['expected']:.3g}", f"{row['low']:.3g} to {row['high']:.3g}"]  # fmt: skip


STUDY = FailureCounts()

if __name__ == "__main__":
    sys.exit(STUDY.main())
