"""``sltk construct``: a target file in, a ticket file out."""

import time

from rich.console import Console

from sltk.cli.options import Construct
from sltk.cli.show import add_failures, add_question, facts, peak_memory, progress, yes_no
from sltk.cli.target import dataset, domain, target_network
from sltk.construct import Construction, Run, StrongTicket, save


def run_construct(options: Construct, console: Console) -> int:
    """Construct, save, and say what came out; 1 where a parameter was not reached or the aim not met."""
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
    _print(options, ticket, seconds, console)
    return 0 if ticket.succeeded else 1


def _print(options: Construct, ticket: StrongTicket, seconds: float, console: Console) -> None:
    recipe, sizes = ticket.recipe, ticket.sizes
    table = facts(f"Strong ticket, {recipe.method}, for {options.target}")
    layers = f"{len(ticket.source.layers)} layers, {sizes.source:,} parameters"
    table.add_row("source", f"seed {ticket.source.seed}, {layers}")
    add_question(table, ticket)
    table.add_row("succeeded", yes_no(ticket.succeeded))
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
