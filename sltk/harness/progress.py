"""How far long work is: a bar on a terminal, a line now and then in a pipe or a log."""

import threading
import time
from collections.abc import Callable, Iterator
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

FIRST, EVERY = 5.0, 20.0  # seconds of silence in a pipe before the first line, and between two of them


@contextmanager
def progress(console: Console) -> Iterator[Report]:
    """Progress that is driven by calls ``(part, done, in all)``; a new part starts a new line.

    On a terminal it is a bar. Where ``console`` writes to a pipe or a file it is a line on stderr: the first after five
    seconds, then one every twenty, so that short work says nothing and long work is seen to live.
    """
    if not console.is_terminal:
        yield spoken(Console(stderr=True, soft_wrap=True))
        return
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


@contextmanager
def at_work(console: Console, what: str, first: float = FIRST, every: float = EVERY) -> Iterator[None]:
    """Signs of life of work that cannot say how far it is: seconds, on a terminal as they pass, in a pipe as lines."""
    if console.is_terminal:
        with console.status(escape(what)):
            yield
        return
    done, begun = threading.Event(), time.monotonic()
    aside = Console(stderr=True, soft_wrap=True)

    def speak() -> None:
        wait = first
        while not done.wait(wait):
            aside.print(f"{what}: {time.monotonic() - begun:.0f} s", markup=False, highlight=False)
            wait = every

    voice = threading.Thread(target=speak, daemon=True)
    voice.start()
    try:
        yield
    finally:
        done.set()
        voice.join()


def spoken(console: Console, clock: Callable[[], float] = time.monotonic) -> Report:
    """A report that prints a line where the last one is long ago, with the time that is left at the pace so far."""
    started: dict[str, tuple[float, int]] = {}
    begun = said = clock()

    def report(part: str, done: int, total: int) -> None:
        nonlocal said
        now = clock()
        at, first = started.setdefault(part, (now, done))
        if now - begun < FIRST or (said > begun and now - said < EVERY):
            return
        said = now
        console.print(f"{part}: {done} of {total}, {now - begun:.0f} s{_left(now - at, done - first, total - done)}",
                      markup=False, highlight=False)  # fmt: skip

    return report


def _left(seconds: float, done: int, left: int) -> str:
    return f", about {seconds / done * left:.0f} s left" if done > 0 and left > 0 else ""
