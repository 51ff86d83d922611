"""Tables of the command line."""

import sys

import numpy as np
from rich.table import Table

from sltk.construct.failures import KINDS, FailureTable
from sltk.construct.ticket import StrongTicket

LISTED = 5


def facts(title: str) -> Table:
    """An empty table of named facts."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table


def add_failures(table: Table, ticket: StrongTicket) -> None:
    """Add how many pools did not reach their target, by stage and kind, and the first few of them."""
    failures = ticket.failures
    colour = "red" if len(failures) else "green"
    table.add_row("failures", f"[{colour}]{len(failures):,}[/] of {ticket.problems:,} subset-sum problems")
    for line in _by_kind(ticket, failures):
        table.add_row("", line)
    for row in range(min(LISTED, len(failures))):
        f = failures[row]
        name = ticket.architecture.stages[f.stage].name
        place = f"output {f.output}" if f.kind == "bias" else f"output {f.output}, input {f.input}, tap {f.tap}"
        missed = f"wanted {f.target:.4g}, off by {f.error:.3g} > {f.tolerance:.3g}"
        table.add_row("" if row else "the first of them", f"{f.kind} of layer {name}, {place}, copy {f.copy}: {missed}")


def _by_kind(ticket: StrongTicket, failures: FailureTable) -> list[str]:
    pairs, counts = np.unique(np.stack([failures.stage, failures.kind]), axis=1, return_counts=True)
    names = [stage.name for stage in ticket.architecture.stages]
    found = zip(pairs.T.tolist(), counts.tolist(), strict=True)
    return [f"layer {names[stage]}: {count:,} of kind {KINDS[kind]}" for (stage, kind), count in found]


def yes_no(holds: bool) -> str:
    """A coloured yes or no."""
    return "[green]yes[/]" if holds else "[red]no[/]"


def peak_memory() -> str:
    """Largest memory of this process so far, in words."""
    try:
        import resource  # only where the system has it
    except ImportError:
        return "not known on this system"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f"{peak / 2**30:.2f} GiB"
