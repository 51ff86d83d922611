"""Claims put to their tests: every case measured once, every verdict by the rule that its plan fixed in advance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sltk.core.claim import Case, Claim, Preset
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json
from sltk.core.report import Report
from sltk.core.statistics.stats import FalseAlarmLedger
from sltk.core.statistics.verdict import Verdict
from sltk.harness.measurement import BLOCK, Measurement, run
from sltk.harness.rows import RowStore

BUDGET = 1e-6
ROWS = 64  # of a cell at most: cheap trials come in millions, and every row is synced to the disk


@dataclass(frozen=True)
class Judged:
    """One case of one claim with its verdict."""

    key: str
    case: Case
    verdict: Verdict

    @property
    def as_it_ought(self) -> bool:
        """A control is refuted, and any other case is not."""
        return (self.verdict.outcome == "refuted") == self.case.control

    def record(self) -> dict[str, Any]:
        """The case as JSON."""
        verdict = vars(self.verdict) | {"interval": list(self.verdict.interval)}
        return {
            "key": self.key, "case": self.case.name, "cell": dict(self.case.cell), "predicted": self.case.predicted,
            "control": self.case.control, "trials": self.case.plan.trials, "as_it_ought": self.as_it_ought, **verdict,
        }  # fmt: skip


def measurement_of(claim: Claim, cases: Sequence[Case], preset: Preset, seed: int) -> Measurement:
    """The measurement behind ``cases``: equal cells are measured once.

    Raises:
        SltkError: equal cells that ask for different numbers of trials.
    """
    trials: dict[bytes, int] = {}
    grid: dict[bytes, Mapping[str, Any]] = {}
    for case in cases:
        name = canonical_json(dict(case.cell))
        if trials.setdefault(name, case.plan.trials) != case.plan.trials:
            raise SltkError(
                f"cases of {claim.key!r} share a cell but ask for {trials[name]} and {case.plan.trials} trials; fix "
                "the larger number in both plans."
            )
        grid[name] = case.cell
    block = max(BLOCK, math.ceil(max(trials.values()) / ROWS))
    alarm = sum(case.plan.false_alarm for case in cases if not case.control)
    return Measurement(
        claim.key, tuple(grid.values()), tuple(trials.values()), seed, alarm, preset, block, claim.revision
    )


def judge_claim(
    claim: Claim,
    preset: Preset = "quick",
    *,
    seed: int = 0,
    store: RowStore | None = None,
    jobs: int = 1,
    report: Report | None = None,
) -> list[Judged]:
    """Measure all cases of ``claim`` under ``preset`` and judge them.

    Raises:
        SltkError: the claim has no measurement; the message gives the reason.
    """
    if claim.measure is None or claim.cases is None:
        reason = claim.absent.get("study", "no reason is given")
        raise SltkError(f"claim {claim.key!r} is not measured: {reason}.")
    cases = claim.cases(preset)
    measurement = measurement_of(claim, cases, preset, seed)
    observed = run(measurement, claim.measure, store, jobs=jobs, report=report)
    found = {canonical_json(dict(cell)): outputs for cell, outputs in zip(measurement.grid, observed, strict=True)}
    return [Judged(claim.key, case, claim.verdict(case, found[canonical_json(dict(case.cell))])) for case in cases]


def ledger_of(judged: Sequence[Judged], budget: float = BUDGET) -> FalseAlarmLedger:
    """False alarms of all cases that are not controls, each entered once."""
    ledger = FalseAlarmLedger(budget)
    for one in judged:
        if not one.case.control:
            ledger.declare(f"{one.key}: {one.case.name}", one.verdict.false_alarm)
    return ledger
