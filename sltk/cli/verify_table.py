"""The main job's table, and the sentences that say how to read it."""

from collections.abc import Callable

from rich.table import Table

from sltk.cli.facts import yes_no
from sltk.studies.digits import Job
from sltk.studies.digits_summary import Summary


def verify_table(job: Job, found: list[Summary]) -> Table:
    """One column a kind of ticket, one row a quantity."""
    asked = f"n = {job.n}, every parameter asked for to {job.param_eps:g}"
    table = Table(title=f"Strong tickets of two digit readers: {asked}", title_justify="left")
    table.add_column("construction\nactivation", style="bold", no_wrap=True)
    for s in found:
        table.add_column(f"{s.method}\n{s.activation}", justify="right", no_wrap=True)
    for name, cells, last in _lines(job, found):
        table.add_row(name, *cells, end_section=last)
    return table


def _lines(job: Job, found: list[Summary]) -> list[tuple[str, list[str], bool]]:
    def line(name: str, cell: Callable[[Summary], str], last: bool = False) -> tuple[str, list[str], bool]:
        return name, [cell(s) for s in found], last

    return [
        line("source parameters", lambda s: f"{s.source:,}"),
        line("kept", lambda s: f"{s.kept:,}", True),
        line("parameter error", _parameter_error),
        line("data error", lambda s: f"{s.data_error:.3g}"),
        line("adversarial error", lambda s: f"{s.adversarial_error:.3g}"),
        line("certified bound", lambda s: f"{s.certified_bound:.3g}"),
        line("  in this order?", lambda s: yes_no(s.bracketed)),
        line("largest output", lambda s: f"{s.largest_output:.3g}", True),
        line("accuracy, target", lambda s: f"{s.target_accuracy:.1%}"),
        line("accuracy, ticket", lambda s: f"{s.ticket_accuracy:.1%}"),
        line("changed answers", lambda s: f"{s.differing}", True),
        line("success", lambda s: f"[bold]{s.success.successes}/{s.success.sources}[/]"),
        line(f"  exact {job.confidence:.0%} interval", lambda s: f"{s.success.low:.2f}–{s.success.high:.2f}"),
        line("  predicted", lambda s: f"{s.success.predicted:.2f}"),
        line("  its interval", lambda s: f"{s.success.predicted_low:.2f}–{s.success.predicted_high:.2f}"),
        line("  expected of these", lambda s: f"{s.success.expected:.1f}"),
        line("  do they agree?", lambda s: yes_no(s.success.agrees)),
    ]


def _parameter_error(s: Summary) -> str:
    """The worst one, and in the same place how many pools missed: without one the error is within what was asked."""
    return f"{s.worst_parameter_error:.3g} ({s.failures:,} missed)" if s.failures else f"{s.worst_parameter_error:.3g}"


def reading(job: Job, found: list[Summary]) -> str:
    """How to read the table: what is proved, and what is measured."""
    problems = " or ".join(f"{count:,}" for count in sorted({s.problems // job.seeds for s in found}))
    return (
        "[bold]How to read it.[/] Each column is one construction and one trained network. A source is drawn once, "
        f"before the network is looked at, and never again. Errors are the worst of {job.seeds} sources, those of "
        "failed tickets among them. A pool that cannot reach its parameter within the tolerance has missed: nothing is "
        "drawn again, and the parameter is off by as much as the pool's nearest sum. The errors below the line count "
        "that in.\n"
        "[bold]Proved:[/] no input with pixels in the data's range moves an output by more than the certified bound. "
        "[bold]Measured:[/] the other errors. The adversarial error is the largest that gradient ascent found in that "
        "range, so the true largest error lies between it and the bound.\n"
        f"[bold]Success[/] counts the sources, of {job.sources}, in which all of a ticket's subset-sum problems "
        f"({problems}) are solved within the tolerance. The prediction is the product formula's; it has seen the "
        "network, but none of these sources. The expectation is over what their searches have not read yet: it knows "
        "each source's weights that many problems share. Whether the successes agree is an exact test of the sources' "
        f"own probabilities, wrong anywhere in this job with probability {job.false_alarm:g} if they are right."
    )
