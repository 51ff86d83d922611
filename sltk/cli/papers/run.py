"""``sltk run``: all studies, or one of them with its own command line."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sltk.core.errors import SltkError
from sltk.harness.catalogue import find, studies
from sltk.harness.kept import kept_rows
from sltk.harness.study import Study


def run_list(console: Console) -> int:
    """What every study measures, what it costs, and which of its rows are kept."""
    table = Table(title="Studies", title_justify="left")
    for name in ("key", "what it measures", "CPU minutes", "rows kept"):
        table.add_column(name, style="bold" if name == "key" else None, no_wrap=name == "key")
    for key, study in studies().items():
        minutes = "" if study.minutes is None else f"{study.minutes:.2g}"
        table.add_row(key, escape(study.measures), minutes, escape(state(study)))
    console.print(table)
    console.print(
        "`sltk run KEY` measures one, `sltk run KEY --preset quick` takes a first look, `sltk figures KEY` draws the "
        "rows that are kept. CPU minutes are of the standard run on one core, where somebody has looked.",
        highlight=False,
    )
    return 0


def run_study(key: str, arguments: Sequence[str]) -> int:
    """One study; its exit code."""
    return find(key).main(arguments)


def state(study: Study[Any]) -> str:
    """How many rows of the standard run are kept with the source, or what they need."""
    options = study.standard()
    if study.needs or options is None:
        return f"{len(kept_rows(study)) or 'none'}; needs {study.needs or 'a target'}"
    try:
        store, tasks = kept_rows(study), study.tasks(options)
    except SltkError as error:
        return str(error)
    found = sum(store.get(inputs) is not None for inputs in tasks.values())
    return f"{found} of {len(tasks)}"
