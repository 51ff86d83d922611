"""How far long work is: in a pipe a line now and then, on stderr, and none for what is soon done."""

import io
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from sltk.harness.progress import EVERY, FIRST, at_work, progress, spoken


def said(times: list[float], done: list[int], total: int) -> list[str]:
    """What is printed by a report at these times."""
    clock: Iterator[float] = iter([0.0, *times])
    written = io.StringIO()
    report = spoken(Console(file=written, width=80), lambda: next(clock))
    for count in done:
        report("rows", count, total)
    return written.getvalue().splitlines()


def test_short_work_says_nothing() -> None:
    assert said([0.1, FIRST - 0.1], [0, 5], 5) == []


def test_long_work_says_how_far_it_is_and_what_is_left() -> None:
    assert said([0.0, 6.0, 7.0], [0, 2, 3], 8) == ["rows: 2 of 8, 6 s, about 18 s left"]
    assert len(said([0.0, 6.0, 6.0 + EVERY - 1, 6.0 + EVERY + 1], [0, 1, 2, 3], 8)) == 2


def test_what_was_there_already_is_not_taken_for_speed() -> None:
    """Six of eight rows were stored: the pace is that of the seventh."""
    assert said([0.0, 10.0], [6, 7], 8) == ["rows: 7 of 8, 10 s, about 10 s left"]


def test_a_pipe_has_lines_and_nothing_on_stdout() -> None:
    written = io.StringIO()
    with progress(Console(file=written)) as report:
        report("rows", 1, 2)
    assert written.getvalue() == ""


def test_work_that_cannot_say_how_far_it_is_shows_signs_of_life(capsys: pytest.CaptureFixture[str]) -> None:
    with at_work(Console(file=io.StringIO()), "sizes", first=0.05, every=0.05):
        time.sleep(0.3)
    said = capsys.readouterr().err.splitlines()
    assert len(said) >= 2
    assert all(line == "sizes: 0 s" for line in said)
    with at_work(Console(file=io.StringIO()), "sizes", first=5.0):
        pass
    assert capsys.readouterr().err == ""
