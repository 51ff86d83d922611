"""``sltk check``: the independent verification of a ticket file."""

import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from sltk.certify.intervals import Box
from sltk.cli.facts import facts, peak_memory, yes_no
from sltk.cli.options import Check
from sltk.cli.show import add_failures, add_findings, add_question, add_reasons
from sltk.cli.target import dataset, target_network
from sltk.construct.file import load
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.numerics.device import CPU, torch_device
from sltk.core.threads import beside
from sltk.data.datasets import Dataset
from sltk.harness.progress import progress
from sltk.verify.agreement import Agreement, first_of_each_class
from sltk.verify.check import CallerClaim, CheckResult, check


def run_check(options: Check, console: Console) -> int:
    """Load, redraw, compare, measure; 1 where a statement does not hold."""
    started = time.perf_counter()
    if options.limit is not None and options.limit < 1:
        raise SltkError(f"--limit must be at least 1, but got {options.limit}.")
    if options.batch < 1:
        raise SltkError(f"--batch must be at least 1, but got {options.batch}.")
    torch_device(options.device)  # refused before anything is read
    ticket, data = beside(lambda: _ticket(options), lambda: _data(options))
    with progress(console) as report:
        result = check(
            ticket, data, _claim(options), attack_steps=options.attack_steps, attack_restarts=options.attack_restarts,
            batch=options.batch, report=report, device=options.device,
        )  # fmt: skip
    seconds = time.perf_counter() - started
    out = options.out or options.file.with_name(options.file.name + ".check.json")
    write_atomic(out, canonical_json(record(options.file, options.target, ticket, result, seconds)))
    _print(options, ticket, result, console)
    console.print(f"{seconds:.1f} s, peak memory {peak_memory()}; the same as JSON in {out}")
    return 0 if result.passed else 1


def _ticket(options: Check) -> StrongTicket:
    loaded = load(options.file)
    return loaded.with_target(target_network(options.target, options.arch, loaded.architecture.input_shape))


def _data(options: Check) -> tuple[Tensor, Tensor] | None:
    return _rows(dataset(options.data, options.data_folder), options) if options.data else None


def _claim(options: Check) -> CallerClaim:
    """What the caller says, not the file."""
    if (options.low is None) != (options.high is None):
        raise SltkError(f"--low and --high go together, but got --low {options.low}, --high {options.high}.")
    box = None if options.low is None or options.high is None else Box(options.low, options.high)
    return CallerClaim(options.param_eps, options.prune_below, box)


def _rows(found: Dataset, options: Check) -> tuple[Tensor, Tensor]:
    """The test rows that were asked for."""
    rows = torch.arange(len(found.test_y))
    if options.per_class is not None:
        if options.per_class < 1:
            raise SltkError(f"--per-class must be at least 1, but got {options.per_class}.")
        rows = first_of_each_class(found.test_y, options.per_class)
    rows = rows[: options.limit]
    return found.test_x[rows], found.test_y[rows]


def record(file: Path, target: str, ticket: StrongTicket, result: CheckResult, seconds: float) -> dict[str, object]:
    """A check as JSON."""
    bits, data, attack, sizes = result.bits, result.data, result.attack, ticket.sizes
    return {
        "file": str(file),
        "target": target,
        "seed": ticket.source.seed,
        "recipe": ticket.recipe.record(),
        "search": ticket.search.record(),
        "passed": result.passed,
        "device": result.device,
        "verdicts": [vars(v) for v in result.verdicts],
        "word": result.findings.word,
        "bits": vars(bits),
        "problems": ticket.problems,
        "failures": len(ticket.failures),
        "worst_parameter_error": {stage.name: stage.worst() for stage in result.parameters},
        "parameters": {"source": sizes.source, "kept": sizes.kept, "target": sizes.target},
        "certified_bound": result.certificate.bound,
        "bound_float32": result.as_run.bound if result.as_run.finite else None,
        "no_bound_float32": result.as_run.reason,
        "data": None if data is None else {
            "rows": data.rows, "target_correct": data.target_correct, "ticket_correct": data.ticket_correct,
            "differing": data.differing, "error_float32": data.error, "error_float64": result.data_error,
            "largest_output": data.largest,
        },
        "attack": None if attack is None else {"error": attack.error, "method": attack.method},
        "seconds": seconds,
    }  # fmt: skip


def _print(options: Check, ticket: StrongTicket, result: CheckResult, console: Console) -> None:
    table = facts(f"Check of {options.file}: {'[green]passed[/]' if result.passed else '[red]NOT passed[/]'}")
    for verdict in result.verdicts:
        table.add_row(f"{yes_no(verdict.holds)}  {verdict.statement}", verdict.detail)
    table.add_section()
    add_findings(table, result.findings, ticket)
    bits = result.bits
    add_question(table, ticket)
    add_reasons(table, [] if ticket.choice is None else ticket.choice["reasons"])
    table.add_row("source", f"seed {ticket.source.seed}: {ticket.sizes.source:,} parameters")
    if result.device != CPU:
        table.add_row("run on", f"{result.device}; what is derived and proved is computed on the CPU")
    table.add_row("compared", f"{bits.compared:,} kept parameters; {bits.drawn:,} source weights redrawn for it")
    if bits.unread:
        table.add_row("left out", f"{bits.unread:,} kept parameters: no path from input or constant to output has them")
    add_failures(table, ticket)
    for stage in result.parameters:
        table.add_row(f"worst parameter error, layer {stage.name}", f"{stage.worst():.6g}")
    if result.data is not None:
        _add_data(table, options, result.data, result.data_error)
    if result.attack is not None:
        found = f"{result.attack.error:.6g} ({result.attack.method}, {options.attack_steps} steps, float64)"
        table.add_row("adversarial error", found)
    table.add_row("certified bound", f"{result.certificate.bound:.6g} over {result.certificate.domain}")
    table.add_row("bound as run", str(result.as_run))
    console.print(table)


def _add_data(table: Table, options: Check, data: Agreement, exact: float | None) -> None:
    table.add_row("inputs", f"{data.rows:,} test inputs of {options.data}")
    table.add_row("accuracy of the target", f"{data.target_accuracy:.2%} ({data.target_correct:,} right)")
    table.add_row("accuracy of the ticket", f"{data.ticket_accuracy:.2%} ({data.ticket_correct:,} right)")
    table.add_row("differing predictions", f"{data.differing:,}")
    table.add_row(
        "largest error on the data",
        f"{data.error:.6g} run in float32, {exact:.6g} for its worst inputs in float64; "
        f"the target's outputs reach {data.largest:.4g}",
    )
