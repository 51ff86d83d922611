"""``sltk construct``: a target file in, a ticket file out, and what the ticket computes."""

import time

from rich.console import Console

from sltk.certify.findings import Findings
from sltk.cli.options import Construct
from sltk.cli.show import add_failures, add_findings, add_question, facts, peak_memory
from sltk.cli.target import dataset, domain, target_network
from sltk.construct import Construction, Run, StrongTicket, save
from sltk.data.datasets import Dataset
from sltk.harness.progress import progress

MEASURED = 1000  # test inputs on which the function is measured; `sltk check` takes all
CURE = (
    "The largest error exceeds the target's largest output: this ticket computes nothing of its target. Build it with "
    "--method two-layer, whose neurons have no copies that come apart; or keep the copies together with small samples, "
    "such as --scale-exponents -5 -4 -3 -2 -1 0 1 --n 36 --sub-pool 28 --copy-error .003 (docs/depth.md)."
)


def run_construct(options: Construct, console: Console) -> int:
    """Construct, measure, save, and say what came out; 1 where the function is not the target's."""
    target = target_network(options.target, options.arch, options.input_shape)
    data = dataset(options.data, options.data_folder) if options.data else None
    box = domain(options.low, options.high, data)
    options.out.parent.mkdir(parents=True, exist_ok=True)  # a folder that cannot be is refused before the work
    started = time.perf_counter()
    with progress(console) as report:
        run = Run(
            checkpoint=options.out.with_name(options.out.name + ".checkpoint"),
            threads=options.threads,
            report=lambda name, stage, stages: report("constructing", stage, stages),
        )
        ticket = Construction(target, box, options.recipe).build(options.seed, options.search, run)
        report("constructing", len(target.stages), len(target.stages))
    seconds = time.perf_counter() - started
    save(ticket, options.out)
    findings = _findings(ticket, data)
    _print(options, ticket, findings, seconds, console)
    accepted = ("proved", "faithful", "reached only")[: 3 if options.accept == "reached" else 2]
    return 0 if findings.word in accepted else 1


def _findings(ticket: StrongTicket, data: Dataset | None) -> Findings:
    if data is None:
        return ticket.findings()
    rows = data.test_x[:MEASURED]
    return ticket.findings(rows, f"{len(rows):,} test inputs of {data.name}")


def _print(options: Construct, ticket: StrongTicket, findings: Findings, seconds: float, console: Console) -> None:
    sizes = ticket.sizes
    table = facts(f"Strong ticket, {ticket.recipe.method}, for {options.target}")
    add_findings(table, findings, ticket)
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
    if findings.lost:
        console.print(f"[bold red]{CURE}[/]", highlight=False)
