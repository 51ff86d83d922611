"""``sltk construct``: a target file in, a ticket file out."""

import time

from rich.console import Console

from sltk.cli.options import Construct
from sltk.cli.show import add_failures, facts, peak_memory, yes_no
from sltk.cli.target import dataset, domain, target_network
from sltk.construct.file import save
from sltk.construct.strong_ticket import strong_ticket
from sltk.construct.ticket import StrongTicket
from sltk.harness.progress import progress
from sltk.networks.activations.table import activation
from sltk.subset_sum.laws import parse_law


def run_construct(options: Construct, console: Console) -> int:
    """Construct, save, and say what came out; 1 where a parameter was not reached or the aim not met."""
    target = target_network(options.target, options.arch, options.input_shape)
    data = dataset(options.data, options.data_folder) if options.data else None
    box = domain(options.low, options.high, data)
    options.out.parent.mkdir(parents=True, exist_ok=True)  # a folder that cannot be is refused before the work
    started = time.perf_counter()
    with progress(console) as report:
        ticket = strong_ticket(
            target,
            method=options.method,
            n=options.n,
            seed=options.seed,
            domain=box,
            param_eps=options.param_eps,
            eps=options.eps,
            objective=options.objective,
            law=parse_law(options.law),
            first_activation=None if options.first_activation is None else activation(options.first_activation),
            scale_exponents=options.scale_exponents,
            copy_error=options.copy_error,
            sub_pool=options.sub_pool,
            bias_exponent=options.bias_exponent,
            biases=options.biases,
            prune_below=options.prune_below,
            report=lambda name, stage, stages: report("constructing", stage, stages),
            parts=options.out.with_name(options.out.name + ".parts"),
        )
        report("constructing", len(target.stages), len(target.stages))
    seconds = time.perf_counter() - started
    save(ticket, options.out)
    _print(options, ticket, seconds, console)
    return 0 if ticket.succeeded else 1


def _print(options: Construct, ticket: StrongTicket, seconds: float, console: Console) -> None:
    recipe, sizes = ticket.recipe, ticket.sizes
    table = facts(f"Strong ticket, {recipe.method}, for {options.target}")
    drawn = f"seed {ticket.source.seed}, {recipe.law}, {recipe.n} samples a pool"
    table.add_row("source", f"{drawn}, {len(ticket.source.layers)} layers, {sizes.source:,} parameters")
    table.add_row("asked for", ", ".join(_asked(options, ticket)))
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


def _asked(options: Construct, ticket: StrongTicket) -> list[str]:
    """What every subset had to be."""
    asked = [f"{ticket.recipe.aim} = {ticket.recipe.tolerance:g}", f"objective {ticket.objective}"]
    if options.copy_error is not None:
        asked.append(f"copy error {options.copy_error:g}")
    if options.sub_pool is not None:
        asked.append(f"{options.sub_pool} samples searched first")
    return asked
