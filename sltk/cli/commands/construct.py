"""``sltk construct``: a target file in, a ticket file out, and what the ticket computes."""

import time

from rich.console import Console

from sltk.certify.findings import Findings
from sltk.cli.facts import facts, peak_memory
from sltk.cli.options import Construct
from sltk.cli.question import Question, question
from sltk.cli.show import add_failures, add_findings, add_plan, add_question
from sltk.construct import Run, StrongTicket, save
from sltk.construct.choose.forecast import Forecast
from sltk.construct.pools.parts import PartsMissing, Share
from sltk.core.errors import SltkError
from sltk.core.report import Report
from sltk.data.datasets import Dataset
from sltk.harness.away.where import Shard
from sltk.harness.progress import progress
from sltk.subset_sum.backends import backend_on

CURE = (
    "The largest error exceeds the target's largest output: this ticket computes nothing of its target. Leave out "
    "--param-eps and --eps, so that the recipe chooses itself (`sltk plan` says what it will come to), or build it "
    "with --method two-layer, whose neurons have no copies that come apart (docs/depth.md says why)."
)
ROUNDED = (
    "In real arithmetic the error is within the limit; what exceeds it is float32 rounding. `ticket.module().double()` "
    "computes the target; for float32 build it with another --method, or with a larger --curvature."
)


def run_construct(options: Construct, console: Console) -> int:
    """Choose or take the recipe, build, measure, save, and say what came out; 1 where the function is another, and
    where a shard waits for others or a merge finds parts missing."""
    try:
        return _construct(options, console)
    except PartsMissing as missing:
        console.print(str(missing), highlight=False, markup=False, soft_wrap=True)
        return 1


def _construct(options: Construct, console: Console) -> int:
    if options.measure < 0:
        raise SltkError(f"--measure is a number of test inputs, 0 or more, but got --measure {options.measure}.")
    if options.shard is not None and options.merge:
        raise SltkError("--shard and --merge exclude one another; merge when the shards have ended.")
    shard = None if options.shard is None else Shard.parse(options.shard)
    backend_on(options.device)  # one that is not there is refused before the work
    options.out.parent.mkdir(parents=True, exist_ok=True)  # a folder that cannot be is refused before the work
    asked = question(options)
    if shard is not None:
        return _run_shard(options, asked, Share(shard.index, shard.count), console)
    target, choice = asked.construction.network, asked.construction.choice
    expected = asked.forecast()
    if choice is not None and expected is not None:
        table = facts(f"Recipe, {choice.recipe.method}, chosen for {options.target}")
        add_plan(table, choice, expected)
        console.print(table)
    started = time.perf_counter()
    with progress(console) as report:
        run, search = _run(options, report), asked.search(options.search)
        ticket = asked.construction.build(options.seed, search, run)
        report("constructing", len(target.stages), len(target.stages))
    seconds = time.perf_counter() - started
    save(ticket, options.out)
    if options.merge and (parts := asked.construction.parts(options.seed, search, run)) is not None:
        parts.clear()
    findings = _findings(ticket, asked.data, options.measure)
    _print(options, ticket, findings, expected, seconds, console)
    accepted = ("proved", "faithful", "reached only")[: 3 if options.accept == "reached" else 2]
    return 0 if findings.word in accepted else 1


def _run_shard(options: Construct, asked: Question, share: Share, console: Console) -> int:
    """Solve a share into the folder of parts, and say how to go on."""
    started = time.perf_counter()
    with progress(console) as report:
        run, stages = _run(options, report), len(asked.construction.network.stages)
        new = asked.construction.build_share(options.seed, share, asked.search(options.search), run)
        report("constructing", stages, stages)
    console.print(
        f"Shard {share.index}/{share.count} of {options.out}: {new} parts solved now, in {run.checkpoint}; "
        f"{time.perf_counter() - started:.1f} s, peak memory of the process {peak_memory()}. When all shards have "
        "ended: the same command with --merge instead of --shard.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    return 0


def _run(options: Construct, report: Report) -> Run:
    return Run(
        checkpoint=options.out.with_name(options.out.name + ".checkpoint"),
        merge=options.merge,
        threads=options.threads,
        device=options.device,
        report=lambda name, stage, stages: report("constructing", stage, stages),
    )


def _findings(ticket: StrongTicket, data: Dataset | None, most: int) -> Findings:
    if data is None or most == 0:
        return ticket.findings()
    rows = data.test_x[:most]
    return ticket.findings(rows, f"{len(rows):,} test inputs of {data.name}")


def _print(
    options: Construct,
    ticket: StrongTicket,
    findings: Findings,
    expected: Forecast | None,
    seconds: float,
    console: Console,
) -> None:
    sizes = ticket.sizes
    table = facts(f"Strong ticket, {ticket.recipe.method}, for {options.target}")
    add_findings(table, findings, ticket)
    if expected is not None:
        table.add_row("as predicted?", _beside(expected, ticket, findings, seconds))
    layers = f"{len(ticket.source.layers)} layers, {sizes.source:,} parameters"
    table.add_row("source", f"seed {ticket.source.seed}, {layers}")
    add_question(table, ticket)
    add_failures(table, ticket)
    table.add_row("kept", f"{sizes.kept:,} (density {sizes.density:.3g}) for {sizes.target:,} parameters of the target")
    worst = ticket.worst_parameter_error
    table.add_row("worst parameter error", f"{worst:.6g}, pruned parameters included")
    table.add_row("file", f"{options.out}, {options.out.stat().st_size:,} bytes")
    table.add_row("construction", f"{seconds:.1f} s; peak memory of the process {peak_memory()}")
    console.print(table)
    if options.certify:
        console.print(ticket.certificate.explain())
        console.print(ticket.a_priori.explain())
    if findings.rounded_away:
        console.print(f"[bold red]{ROUNDED}[/]", highlight=False)
    elif findings.lost:
        console.print(f"[bold red]{CURE}[/]", highlight=False)


def _beside(expected: Forecast, ticket: StrongTicket, findings: Findings, seconds: float) -> str:
    """What was said before the search, beside what came of it."""
    return (
        f"failures {expected.missed:.2g}, came {findings.failures}; error about {expected.error:.2g} on "
        f"{expected.inputs} inputs, came {findings.measured[-1].error:.2g} on {findings.measured[-1].rows}; kept "
        f"{expected.kept:,}, came {ticket.sizes.kept:,}; {expected.seconds:.0f} s, came {seconds:.0f} s"
    )
