"""``sltk plan``: the recipe that would be chosen, why, and what its ticket will come to; nothing is built."""

from rich.console import Console

from sltk.cli.facts import facts
from sltk.cli.options import Plan
from sltk.cli.question import question
from sltk.cli.show import add_plan, add_recipe


def run_plan(options: Plan, console: Console) -> int:
    """Print what `sltk construct` would choose; 1 where no recipe meets its conditions."""
    asked = question(options)
    choice, expected = asked.construction.choice, asked.forecast()
    table = facts(f"Plan of a strong ticket, {asked.construction.recipe.method}, for {options.target}")
    if choice is not None and expected is not None:
        add_plan(table, choice, expected)
    else:
        table.add_row("choice", "none: the recipe was given")
    table.add_section()
    add_recipe(table, asked.construction.recipe)
    console.print(table)
    return 0 if choice is None or choice.meets else 1
