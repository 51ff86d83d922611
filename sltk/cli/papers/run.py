"""``sltk run``: all studies, or one of them with its own command line."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sltk.core.errors import SltkError
from sltk.harness.catalogue import find, studies
from sltk.harness.kept import kept_rows
from sltk.harness.study import Study, StudyOptions


def run_list(console: Console) -> int:
    """What every study measures, what it costs, and which of its rows are kept."""
    table = Table(title="Studies", title_justify="left")
    for name in ("key", "what it measures", "CPU minutes", "rows kept"):
        table.add_column(name, style="bold" if name == "key" else None, no_wrap=name == "key")
    every = studies()
    for key, study in every.items():
        minutes = "" if study.minutes is None else f"{study.minutes:.2g}"
        table.add_row(key, escape(study.measures), minutes, escape(state(study)))
    console.print(table)
    console.print(
        "`sltk run KEY` measures one, `sltk run KEY --preset quick` takes a first look, `sltk figures KEY` draws the "
        f"rows that are kept. CPU minutes are of the standard run on one core; {whole(every.values())}.",
        highlight=False,
    )
    return 0


def whole(every: Iterable[Study[Any]]) -> str:
    """What all standard runs take together, in words; those that nobody has timed are named."""
    minutes = {study.slug: study.minutes for study in every}
    untimed = [key for key, taken in minutes.items() if taken is None]
    total = sum(taken for taken in minutes.values() if taken is not None)
    hours, rest = divmod(round(total / 2), 60)
    without = f" (without {', '.join(untimed)})" if untimed else ""
    return f"all {len(minutes)}{without} together take {total:.0f}, {hours} h {rest:02d} min on two cores"


def run_study(key: str, arguments: Sequence[str]) -> int:
    """One study; its exit code."""
    return find(key).main(arguments)


def state(study: Study[Any]) -> str:
    """How many rows of the standard run are kept with the source, or why none; and what they need."""
    if study.unkept:
        return f"never: {study.unkept}"
    options = study.standard()
    if options is None:
        return "none; needs a target"
    return f"{_kept(study, options)}; needs {study.needs}" if study.needs else _kept(study, options)


def _kept(study: Study[Any], options: StudyOptions) -> str:
    try:
        store, tasks = kept_rows(study), study.tasks(options)
    except SltkError as error:
        return str(error)
    found = sum(store.get(inputs) is not None for inputs in tasks.values())
    return f"{found} of {len(tasks)}"
