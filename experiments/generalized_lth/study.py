"""Lottery tickets in many bases: digits in eleven, MNIST in three (claim ``generalized-lth``).

Run ``python -m experiments.generalized_lth.study``; it prints accuracies and findings, as ``sltk imp`` does, and draws
``out/generalized_lth/bases.png``. ``--only digits`` takes some ten minutes on two cores, MNIST (``--data-folder`` as
for ``sltk imp``) some forty.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from rich.table import Table

from experiments.generalized_lth.figure import BASES
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.studies.imp_bases import ImpJob, measure_basis
from sltk.studies.imp_claims import judge
from sltk.studies.tables import basis_table, findings_table

JOBS = {
    "digits": ImpJob(),
    "mnist": ImpJob(
        data="mnist", model="lenet-300-100", bases=("canonical", "dct-input", "dct"), seeds=5, rounds=21, epochs=5,
        batch=128, rate=0.1, controls=False,
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LotteryOptions(StudyOptions):
    """What is asked."""

    only: tuple[Literal["digits", "mnist"], ...] = ("digits", "mnist")
    """Data sets."""
    data_folder: Path | None = None
    """Folder that holds MNIST."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out/generalized_lth")
    """Folder for rows, JSON and figures."""


class GeneralizedLth(Study[LotteryOptions]):
    """One data set and basis a cell."""

    name = "generalized_lth"
    claim = "generalized-lth"
    measures = "Accuracy of tickets of iterative magnitude pruning against density, by basis, beside their controls."
    options = LotteryOptions
    needs = "MNIST"
    quick: ClassVar = {"only": ("digits",)}
    figures: ClassVar = {"bases": BASES}
    minutes = 48.0
    revision = 3

    def cells(self, options: LotteryOptions) -> dict[str, dict[str, Any]]:
        """Every data set in each of its bases."""
        jobs = {name: job(name, options) for name in options.only}
        return {f"{name}, {basis}": own.inputs(basis) for name, own in jobs.items() for basis in own.tasks}

    def measure(self, cell: Mapping[str, Any], options: LotteryOptions) -> dict[str, Any]:
        """Accuracies and densities by arm, seed and round."""
        return measure_basis(job(cell["data"], options), cell["basis"])

    def conclude(self, rows: Sequence[StudyRow], options: LotteryOptions) -> dict[str, Any]:
        """Outputs and findings of each data set."""
        document: dict[str, Any] = {}
        for name in options.only:
            own = job(name, options)
            found = {row.cell["basis"]: dict(row.outputs) for row in rows if row.cell["data"] == name}
            findings = [asdict(one) for one in judge(own, found)]
            document[name] = {"seeds": own.seeds, "found": found, "findings": findings, "quick": options.quick}
        return {"data": document}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """Accuracies and findings."""
        found = []
        for name, parts in document["data"].items():
            own = _shortened(JOBS[name]) if parts["quick"] else JOBS[name]
            found += [basis_table(own, parts["found"]), findings_table(judge(own, parts["found"]), "basis", "points")]
        return found


def job(name: str, options: LotteryOptions) -> ImpJob:
    """What is run on one data set."""
    own = _shortened(JOBS[name]) if options.quick else JOBS[name]
    return replace(own, folder=None if options.data_folder is None else str(options.data_folder))


def _shortened(own: ImpJob) -> ImpJob:
    return replace(own, bases=("canonical", "dct"), hidden=(12,), seeds=2, rounds=2, epochs=1)


STUDY = GeneralizedLth()

if __name__ == "__main__":
    sys.exit(STUDY.main())
