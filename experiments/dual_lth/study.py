"""Random masks transformed by a growing penalty, beside their rivals (claim ``dual-lth``).

Run ``sltk run dual-lth``; on digits, in the canonical basis and on DCT coefficients, it prints
accuracies and findings, as ``sltk rst`` does, and draws ``out/dual_lth/rivals.png``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType

from experiments.dual_lth.figure import RIVALS
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.studies.rst_arms import ARMS, RstJob, measure_arm
from sltk.studies.rst_claims import judge
from sltk.studies.tables import arm_table, emptied, findings_table


@dataclass(frozen=True, kw_only=True)
class RivalOptions(StudyOptions):
    """What is asked."""

    bases: tuple[str, ...] = ("canonical", "dct")
    """Of the coefficients."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out/dual_lth")
    """Folder for rows, JSON and figures."""


class DualLth(Study[RivalOptions]):
    """One basis and arm a cell."""

    name = "dual_lth"
    claim = "dual-lth"
    measures = "Accuracy of random masks transformed by a growing penalty against density, beside thirteen rivals."
    options = RivalOptions
    minutes = 9.8
    quick: ClassVar = {"bases": ("canonical",)}
    figures: ClassVar = {"rivals": RIVALS}
    revision = 3

    def cells(self, options: RivalOptions) -> dict[str, dict[str, Any]]:
        """Every arm in each basis."""
        return {f"{basis}, {arm}": job(basis, options.quick).inputs(arm) for basis in options.bases for arm in ARMS}

    def measure(self, cell: Mapping[str, Any], options: RivalOptions) -> dict[str, Any]:
        """Accuracies and densities by density asked and seed."""
        return measure_arm(job(cell["basis"], options.quick), cell["arm"])

    def conclude(self, rows: Sequence[StudyRow], options: RivalOptions) -> dict[str, Any]:
        """Outputs and findings in each basis."""
        document: dict[str, Any] = {}
        for basis in options.bases:
            own = job(basis, options.quick)
            found = {row.cell["arm"]: dict(row.outputs) for row in rows if row.cell["basis"] == basis}
            findings = [asdict(one) for one in judge(own, found)]
            asked = {"seeds": own.seeds, "densities": list(own.densities), "quick": options.quick}
            document[basis] = {**asked, "found": found, "findings": findings}
        return {"bases": document}

    def tables(self, document: Mapping[str, Any]) -> list[RenderableType]:
        """Accuracies, what the penalty left, findings."""
        found: list[RenderableType] = []
        for basis, parts in document["bases"].items():
            own = job(basis, parts["quick"])
            findings = findings_table(judge(own, parts["found"]), "rst against", "points")
            found += [arm_table(own, parts["found"]), emptied(own, parts["found"]), findings]
        return found


def job(basis: str, quick: bool) -> RstJob:
    """What is run in one basis."""
    if quick:
        return RstJob(basis=basis, hidden=(12,), densities=(0.3, 0.1), seeds=2, epochs=2, final_epochs=1)
    return RstJob(basis=basis)


STUDY = DualLth()

if __name__ == "__main__":
    sys.exit(STUDY.main())
