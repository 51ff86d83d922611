"""Tables of the command line."""

from collections.abc import Iterable, Mapping

import numpy as np
from rich.markup import escape
from rich.table import Table

from sltk.certify.findings import SHARE, Findings
from sltk.construct.choose.choose import Choice
from sltk.construct.choose.forecast import Forecast
from sltk.construct.failures import KINDS, FailureTable
from sltk.construct.recipe import Recipe
from sltk.construct.ticket import StrongTicket

LISTED = 5


def add_question(table: Table, ticket: StrongTicket) -> None:
    """Add what was asked: the recipe that fixes the source, and the search that chose the subsets."""
    add_recipe(table, ticket.recipe)
    table.add_row("search", _entries(ticket.search.record()))


def add_reasons(table: Table, reasons: Iterable[str]) -> None:
    """Add why a recipe that was chosen is what it is."""
    for number, reason in enumerate(reasons):
        table.add_row("" if number else "recipe chosen", escape(reason))


def add_plan(table: Table, choice: Choice, expected: Forecast) -> None:
    """Add why a recipe was chosen, and what its ticket will come to."""
    add_reasons(table, choice.reasons())
    failures = f"{expected.missed:.2g} failures in {expected.problems:,} problems"
    table.add_row("expected", f"{failures}; {expected.kept:,} weights kept of {expected.source:,}")
    table.add_row(
        "", f"error about {expected.error:.2g} on {expected.inputs} inputs (typically {expected.typical:.2g}, of which "
        f"rounding and curvature {expected.rounding:.2g}), outputs over a range of {expected.spread:.4g}",
    )  # fmt: skip
    if expected.lost:
        table.add_row("", "[bold red]the function is expected to be lost[/]; another --method may keep it")
    table.add_row("", f"about {expected.seconds:.0f} s of search, about {expected.bytes / 2**30:.1f} GiB")


def add_recipe(table: Table, recipe: Recipe) -> None:
    """Add what fixes a source."""
    table.add_row("recipe", _entries(recipe.record()))


def _entries(record: Mapping[str, object]) -> str:
    """The entries that say something, in a line."""
    return ", ".join(f"{key} {_short(value)}" for key, value in record.items() if value is not None and value != [])


def _short(value: object) -> str:
    if isinstance(value, list):
        entries = list[object](value)  # pyright: ignore[reportUnknownArgumentType]
        same = len(entries) > 1 and all(entry == entries[0] for entry in entries)
        return f"{_short(entries[0])} throughout" if same else " ".join(_short(entry) for entry in entries)
    return f"{value:g}" if isinstance(value, float) else str(value)


def add_findings(table: Table, findings: Findings, ticket: StrongTicket) -> None:
    """Add the word for the whole, and the three findings that it does not replace."""
    colour = "green" if findings.word in ("proved", "faithful") else "red"
    asked = "the error asked for" if ticket.recipe.aim == "eps" else f"{SHARE:.0%} of the outputs' spread"
    table.add_row("verdict", f"[bold {colour}]{findings.word}[/]: limit {findings.limit:.4g}, {asked}")
    missed = f"{findings.failures:,} of {findings.problems:,} subset-sum problems failed"
    table.add_row("  parameters reached", missed)
    for met in findings.measured:
        table.add_row(
            "  function measured",
            f"error up to {met.error:.4g} on {met.what}, outputs up to {met.largest:.4g} over a range of "
            f"{met.spread:.4g}; {met.same / met.rows:.1%} of the answers the same",
        )
    table.add_row("  function certified", f"error at most {findings.bound:.6g} over {ticket.domain}")
    table.add_section()


def add_failures(table: Table, ticket: StrongTicket) -> None:
    """Add which pools did not reach their target, by stage and kind, and the first few of them; nothing if all did."""
    failures = ticket.failures
    for number, line in enumerate(_by_kind(ticket, failures)):
        table.add_row("" if number else "failures", line)
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
