"""``sltk plan``: the recipe that would be chosen, why, and what its ticket will come to; nothing is built."""

from rich.console import Console
from rich.table import Table

from sltk.cli.options import Plan
from sltk.cli.question import Question, question
from sltk.cli.show import add_recipe, facts
from sltk.construct.choose.choose import Choice
from sltk.construct.choose.forecast import Forecast, forecast


def run_plan(options: Plan, console: Console) -> int:
    """Print what `sltk construct` would choose; 1 where no recipe meets its conditions."""
    asked = question(options)
    choice = asked.construction.choice
    table = facts(f"Plan of a strong ticket, {asked.construction.recipe.method}, for {options.target}")
    if choice is None:
        add_recipe(table, asked.construction.recipe)
        table.add_row("choice", "none: the recipe was given")
        console.print(table)
        return 0
    add_choice(table, choice)
    add_forecast(table, foreseen(asked, choice))
    table.add_section()
    add_recipe(table, choice.recipe)
    console.print(table)
    return 0 if choice.meets else 1


def foreseen(asked: Question, choice: Choice) -> Forecast:
    """What a ticket of ``choice`` will come to, on the data where there are any."""
    construction = asked.construction
    data = None if asked.data is None else asked.data.test_x
    return forecast(construction.network, construction.box, choice, data)


def add_choice(table: Table, choice: Choice) -> None:
    """Add why the recipe was chosen."""
    for number, reason in enumerate(choice.reasons()):
        table.add_row("" if number else "chosen because", reason)


def add_forecast(table: Table, found: Forecast) -> None:
    """Add what is expected."""
    table.add_row(
        "expected", f"{found.missed:.2g} failures in {found.problems:,} problems; {found.kept:,} weights kept of "
        f"{found.source:,}",
    )  # fmt: skip
    table.add_row(
        "", f"error about {found.error:.2g} on {found.inputs} inputs (typically {found.typical:.2g}, of which rounding "
        f"and curvature {found.rounding:.2g}), outputs over a range of {found.spread:.4g}",
    )  # fmt: skip
    table.add_row("", f"about {found.seconds:.0f} s of search, about {found.bytes / 2**30:.1f} GiB")
