"""A progress bar that long work drives by saying how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from sltk.core.report import Report


@contextmanager
def progress(console: Console) -> Iterator[Report]:
    """A progress bar that is driven by calls ``(part, done, in all)``; a new part starts a new line."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def report(part: str, done: int, total: int) -> None:
            if part not in tasks:
                tasks[part] = bar.add_task(escape(part), total=total)
            bar.update(tasks[part], completed=done, total=total)

        yield report
