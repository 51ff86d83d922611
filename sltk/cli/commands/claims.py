"""``sltk claims``, ``sltk show KEY`` and ``sltk verify KEY ...``: the claims, one of them, and their verdicts."""

import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sltk import __version__
from sltk.claims import claim, registry
from sltk.claims._tie import pieces, unmeasured
from sltk.cli.facts import facts, yes_no
from sltk.cli.options import Claims, Show, Verify
from sltk.core.claim import NUMBERS, PROVENANCE, Claim, Preset
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.statistics.verdict import Verdict
from sltk.harness.progress import progress
from sltk.harness.rows import RowStore
from sltk.harness.verdicts import Judged, judge_claim, ledger_of

COLOURS = {"consistent": "green", "refuted": "red", "inconclusive": "yellow"}


def run_claims(options: Claims, console: Console) -> int:
    """List all claims."""
    table = Table(title=f"{len(registry())} claims of the field", title_justify="left")
    for name in ("key", "what it says", "constants", "numbers", "measured"):
        table.add_column(name, style="bold" if name == "key" else None, no_wrap=name == "key")
    for own in registry().values():
        if options.status is None or own.status == options.status:
            table.add_row(own.key, escape(own.title), own.status, _numbers(own), yes_no(own.measure is not None))
    console.print(table)
    console.print("`sltk show KEY` explains one, `sltk verify KEY` measures it.", highlight=False)
    return 0


def run_show(options: Show, console: Console) -> int:
    """One claim on one screen: statement, source, hypotheses, numbers, and its five pieces."""
    own = claim(options.key)
    table = facts(f"{own.key}: {own.title}")
    table.add_row("statement" if own.quotable else "working form", escape(own.statement))
    table.add_row("source", escape(own.source))
    for part, mark in own.provenance:
        table.add_row("", escape(f"{part}: {PROVENANCE[mark]}"))
    table.add_row("constants", own.status + ("; supply constant=..." if own.status == "existential" else ""))
    table.add_row("numbers", _numbers(own) or "none")
    for row, hypothesis in enumerate(own.hypotheses):
        table.add_row("" if row else "needs", escape(hypothesis.text))
    table.add_section()
    for piece in pieces(own.key):
        table.add_row(piece.name, str(piece.path) if piece.path else f"[dim]none: {escape(piece.reason)}[/]")
    console.print(table)
    console.print(own.explanation, highlight=False, markup=False)
    return 0


def run_verify_claims(options: Verify, console: Console) -> int:
    """Measure claims and print predicted, measured and verdict; 1 where one is not as it ought to be."""
    chosen = _chosen(options)
    started = time.perf_counter()
    preset: Preset = "quick" if options.quick else "standard"
    judged: list[Judged] = []
    damaged, disputed = 0, []
    with progress(console) as report:
        for own in chosen:
            store = RowStore(options.out / "rows" / f"{own.key}.jsonl")
            damaged += store.damaged
            judged += judge_claim(own, preset, store=store, jobs=options.jobs, report=report)
            disputed += store.disputed
    ledger = ledger_of(judged)
    seconds = time.perf_counter() - started
    _write(options.out / "claims.json", judged, ledger.total, preset, seconds)
    console.print(_table(judged, preset))
    _print_unmeasured(options, console)
    _print_sum(judged, console)
    if damaged:
        console.print(f"{damaged} damaged rows were set aside and measured again.")
    for line in disputed:
        console.print(line, highlight=False, markup=False)
    console.print(
        f"Total false-alarm probability {ledger.total:.2g} (budget {ledger.budget:.2g}); {seconds:.0f} s. "
        f"All numbers: {options.out / 'claims.json'}; rows beside it."
    )
    ledger.require_within()
    return 0 if all(one.as_it_ought for one in judged) else 1


def _chosen(options: Verify) -> list[Claim]:
    if options.jobs < 1:
        raise SltkError(f"--jobs must be at least 1, but got {options.jobs}.")
    if options.all:
        if options.keys:
            raise SltkError(f"verify takes keys or --all, but got both: {' '.join(options.keys)}; leave one out.")
        return [own for own in registry().values() if own.measure is not None]
    chosen = [claim(key) for key in dict.fromkeys(options.keys)]
    for own in chosen:
        if own.measure is None:
            raise SltkError(f"claim {own.key!r} is not measured: {unmeasured(own)}.")
    return chosen


def _numbers(own: Claim) -> str:
    return ", ".join(name.replace("_", " ") for name in NUMBERS if getattr(own, name) is not None)


def _table(judged: list[Judged], preset: Preset) -> Table:
    table = Table(title=f"Verdicts, preset {preset}", title_justify="left")
    for name in ("claim", "case", "predicted", "measured, 99% limits", "trials", "verdict"):
        table.add_column(name, style="bold" if name == "claim" else None, no_wrap=name == "claim", overflow="fold")
    before = ""
    for one in judged:
        if before and one.key != before:
            table.add_section()
        verdict = one.verdict
        word = f"[{_colour(one)}]{verdict.outcome}[/]" + (" (control)" if one.case.control else "")
        table.add_row(
            one.key if one.key != before else "", escape(one.case.name), escape(one.case.predicted),
            escape(_measured(verdict)), f"{one.case.plan.trials:,}", word,
        )  # fmt: skip
        before = one.key
    return table


def _measured(verdict: Verdict) -> str:
    return f"{verdict.measured:.4g} in [{verdict.interval.low:.4g}, {verdict.interval.high:.4g}]"


def _colour(one: Judged) -> str:
    if one.verdict.outcome == "inconclusive":
        return COLOURS["inconclusive"]
    return "green" if one.as_it_ought else "bold red"


def _print_unmeasured(options: Verify, console: Console) -> None:
    if options.all:
        for own in registry().values():
            if own.measure is None:
                console.print(f"not measured: [bold]{own.key}[/], {escape(unmeasured(own))}", highlight=False)


def _print_sum(judged: list[Judged], console: Console) -> None:
    controls = [one for one in judged if one.case.control]
    claims = [one for one in judged if not one.case.control]
    outcomes = [sum(one.verdict.outcome == word for one in claims) for word in COLOURS]
    refuted = sum(one.as_it_ought for one in controls)
    words = ", ".join(f"{count} {word}" for count, word in zip(outcomes, COLOURS, strict=True))
    console.print(f"{len(claims)} cases: {words}. {refuted} of {len(controls)} negative controls refuted.")
    for one in judged:
        if not one.as_it_ought:
            console.print(f"[bold red]not as it ought to be[/]: {one.key}, {escape(one.case.name)}: "
                          f"{escape(one.verdict.reason)}")  # fmt: skip


def _write(path: Path, judged: list[Judged], total: float, preset: Preset, seconds: float) -> None:
    document = {
        "version": __version__, "preset": preset, "seconds": seconds, "false_alarm": total,
        "cases": [one.record() for one in judged],
    }  # fmt: skip
    write_atomic(path, canonical_json(document))
