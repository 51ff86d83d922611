"""The main job as a study: tickets of two digit readers, certified, attacked and measured, and success against n.

Run ``sltk run main-job``; it measures what ``sltk verify`` measures, a ticket or a size a row, and draws its three
figures, ``errors``, ``parameters`` and ``success``. The targets are trained anew by every process, from a seed.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments.main_job.figure import ERRORS, PARAMETERS, SUCCESS
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.plot.parameter_errors import counted
from sltk.studies.digits import ARMS, Arm, Job, Subject, measured, tally, trained_subjects
from sltk.studies.digits_summary import successes


@dataclass(frozen=True, kw_only=True)
class MainOptions(StudyOptions):
    """What is asked."""

    seeds: int = 10
    """Sources of every construction whose tickets are measured."""
    sources: int = 40
    """Sources of every construction and size over which success is counted."""
    sizes: tuple[int, ...] = (14, 16, 18, 20, 22)
    """Samples of a pool at which success is counted; tickets are measured at the largest."""
    draws: int = 3000
    """Of the shared weights, for the prediction of a source that has not been drawn."""
    restarts: int = 6
    """Starts of each sort in the adversarial search."""
    steps: int = 25
    """Steps of that search."""
    out: Path = Path("out/main_job")


class MainJob(Study[MainOptions]):
    """One ticket a cell, and one construction and size."""

    name = "main_job"
    measures = "Errors of tickets of two digit readers, found and proved, and how often a source holds a network."
    options = MainOptions
    revision = 2  # bounds of two-layer tanh by multipliers
    minutes = 1.7
    quick: ClassVar = {"seeds": 1, "sources": 4, "sizes": (12,), "draws": 100, "restarts": 2, "steps": 4}
    figures: ClassVar = {"errors": ERRORS, "parameters": PARAMETERS, "success": SUCCESS}

    def cells(self, options: MainOptions) -> dict[str, dict[str, Any]]:
        """Every kind and seed, every kind and size."""
        fixed = asdict(job(options))
        common = {"param_eps": fixed["param_eps"], "law": fixed["law"]}
        sought = {name: fixed[name] for name in ("n", "restarts", "steps")}
        counts = {name: fixed[name] for name in ("sources", "confidence", "draws")}
        alarm = fixed["false_alarm"] / (len(ARMS) * len(options.sizes))
        tickets = {f"{arm.label}, ticket {seed}": {**asdict(arm), **common, **sought, "seed": seed}
                   for arm in ARMS for seed in range(options.seeds)}  # fmt: skip
        sizes = {f"{arm.label}, n {n}": {**asdict(arm), **common, **counts, "size": n, "false_alarm": alarm}
                 for arm in ARMS for n in options.sizes}  # fmt: skip
        return {**tickets, **sizes}

    def measure(self, cell: Mapping[str, Any], options: MainOptions) -> dict[str, Any]:
        """One ticket with the counts of its parameters' errors, or the successes at one size."""
        arm, own = Arm(cell["method"], cell["activation"]), job(options)
        subject = subjects()[arm.activation]
        if "size" in cell:
            found = tally(own, arm, subject, cell["size"], cell["false_alarm"], None)
            return asdict(successes(own, [found])[0])
        row, errors = measured(own, arm, subject, cell["seed"])
        return {**_without(asdict(row), "seconds"), "errors": asdict(counted(arm.label, errors, own.param_eps))}

    def conclude(self, rows: Sequence[StudyRow], options: MainOptions) -> dict[str, Any]:
        """By kind: its tickets, the errors of their parameters together, its successes by size."""
        kinds = []
        for arm in ARMS:
            own = [row.outputs for row in rows if Arm(row.cell["method"], row.cell["activation"]) == arm]
            tickets, sizes = ([one for one in own if ("errors" in one) == built] for built in (True, False))
            kinds.append({"label": arm.label, "tickets": [_without(one, "errors") for one in tickets],
                          "errors": together([one["errors"] for one in tickets]), "success": sizes})  # fmt: skip
        fixed = job(options)
        about = {"param_eps": fixed.param_eps, "sources": options.sources, "confidence": fixed.confidence}
        return {"kinds": kinds, **about}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """No error that was found is above its bound."""
        return all(t["adversarial_error"] <= t["certified_bound"] * (1 + 1e-9)
                   for kind in document["kinds"] for t in kind["tickets"])  # fmt: skip

    def tables(self, document: Mapping[str, Any]) -> Iterator[str]:
        """One line a kind."""
        for kind in document["kinds"]:
            worst = {name: max(t[name] for t in kind["tickets"]) for name in ("adversarial_error", "certified_bound")}
            shares = ", ".join(f"n {one['n']}: {one['successes']}/{one['sources']}" for one in kind["success"])
            yield (f"{kind['label']}: found {worst['adversarial_error']:.3g}, proved {worst['certified_bound']:.3g}; "
                   f"success {shares}")  # fmt: skip


def job(options: MainOptions) -> Job:
    """The main job with these numbers."""
    *sweep, n = sorted(options.sizes)
    return Job(options.seeds, options.sources, n, sweep=tuple(sweep), restarts=options.restarts, steps=options.steps,
               draws=options.draws)  # fmt: skip


@lru_cache(maxsize=1)
def subjects() -> dict[str, Subject]:
    """The trained targets, once a process."""
    return trained_subjects()


def together(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts of several tickets of a kind, added; of the largest error the largest."""
    above = np.sum([one["above"] for one in counts], axis=0).tolist()
    added = {name: sum(one[name] for one in counts) for name in ("total", "beyond")}
    return {"label": counts[0]["label"], "above": above, **added, "largest": max(one["largest"] for one in counts)}


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


STUDY = MainJob()

if __name__ == "__main__":
    sys.exit(STUDY.main())
