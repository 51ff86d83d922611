"""``sltk verify residual``: what the abstract promises, part by part, and what was measured for it."""

import time

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sltk import __version__
from sltk.claims import claim
from sltk.cli.commands.claims import COLOURS
from sltk.cli.options import Verify
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.statistics.stats import FalseAlarmLedger
from sltk.core.statistics.verdict import Verdict
from sltk.harness.progress import progress
from sltk.harness.rows import RowStore
from sltk.harness.verdicts import BUDGET, Judged, judge_claim
from sltk.studies.residual import DELTA, SUCCESS, PromiseFinding, find

CLAIMS = ("plus-one-conv", "plus-one-residual")  # whose success is held against the product formula


def run_verify_residual(options: Verify, console: Console) -> int:
    """Measure, print one table; 1 where a row is refuted or a control is not."""
    if options.all or len(options.keys) > 1:
        raise SltkError("verify residual is a table of its own; ask for keys of claims, or --all, in another run.")
    started = time.perf_counter()
    rows = options.out / "rows"
    with progress(console) as report:
        judged = [
            one
            for key in CLAIMS
            for one in judge_claim(claim(key), "quick", store=RowStore(rows / f"{key}.jsonl"), jobs=options.jobs,
                                   report=report)
        ]  # fmt: skip
        found = find(RowStore(rows / "residual.jsonl"), jobs=options.jobs, report=report)
    ledger = _ledger(found, judged)
    console.print(_table(found, judged))
    seconds = time.perf_counter() - started
    document = {
        "version": __version__, "seconds": seconds, "false_alarm": ledger.total,
        "parts": [one.record() for one in found], "claims": [one.record() for one in judged],
    }  # fmt: skip
    write_atomic(options.out / "residual.json", canonical_json(document))
    amiss = sum(not one.as_it_ought for one in (*found, *judged))
    console.print(
        f"{len(found) + len(judged) - amiss} rows as they ought to be, {amiss} not; controls ought to be refuted. "
        f"Total false-alarm probability {ledger.total:.2g} (budget {ledger.budget:.2g}); {seconds:.0f} s. "
        f"All numbers: {options.out / 'residual.json'}; rows beside it.",
        highlight=False,
    )
    ledger.require_within()
    return 1 if amiss else 0


def _ledger(found: list[PromiseFinding], judged: list[Judged]) -> FalseAlarmLedger:
    ledger = FalseAlarmLedger(BUDGET)
    for part in found:
        if part.success is not None and not part.control:
            ledger.declare(f"part: {part.part.says}", part.success.false_alarm)
    for one in judged:
        if not one.case.control:
            ledger.declare(f"{one.key}: {one.case.name}", one.verdict.false_alarm)
    return ledger


def _table(found: list[PromiseFinding], judged: list[Judged]) -> Table:
    table = Table(
        title="Strong tickets of convolutional and residual networks, almost any activation, with high probability "
        "(arXiv 2205.02343)",
        title_justify="left",
    )
    for name in ("promise", "built", "seeds", "predicted", "measured, 99% limits", "error / bound", "verdict"):
        table.add_column(name, overflow="fold", no_wrap=name in ("seeds", "error / bound"))
    for one in found:
        table.add_row(*_part(one))
    table.add_section()
    for case in judged:
        verdict = case.verdict
        counted = verdict.p_value is not None
        table.add_row(
            f"formula: {case.key.removeprefix('plus-one-')}", escape(case.case.name), f"{case.case.plan.trials:,}",
            escape(case.case.predicted),
            _share(verdict) if counted else "", "" if counted else _ratio(verdict),
            _word([verdict], case.case.control, case.as_it_ought),
        )  # fmt: skip
    return table


def _part(one: PromiseFinding) -> tuple[str, ...]:
    part = one.part
    built = escape(f"{part.network}; {part.method}, n {part.n}, eps {part.eps:g}")
    if one.success is None or one.error is None:
        return part.says, built, "", "", "", "", f"[yellow]refused[/]: {escape(one.refused)}"
    said = f"P(no failure) >= {1.0 - DELTA:g}, error <= bound"
    word = _word([one.success, one.error], one.control, one.as_it_ought)
    return part.says, built, str(SUCCESS.trials), said, _share(one.success), _ratio(one.error), word


def _share(verdict: Verdict) -> str:
    return escape(f"{verdict.measured:.3f} in [{verdict.interval.low:.3f}, {verdict.interval.high:.3f}]")


def _ratio(verdict: Verdict) -> str:
    return verdict.reason.split()[-1]


def _word(verdicts: list[Verdict], control: bool, ought: bool) -> str:
    order = ("refuted", "inconclusive", "consistent")
    outcome = min((verdict.outcome for verdict in verdicts), key=order.index)
    colour = ("green" if control else COLOURS[outcome]) if ought else "bold red"
    return f"[{colour}]{outcome}[/]" + (" (control)" if control else "")
