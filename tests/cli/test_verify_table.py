"""The main job's table: an error beyond the tolerance says in its own line how many pools missed."""

import io
from dataclasses import replace

from rich.console import Console

from sltk.cli.verify_table import reading, verify_table
from sltk.studies.digits import Job
from sltk.studies.digits_summary import Success, Summary

SUCCESS = Success("plus-one", "relu", 22, 3, 4, 0.2, 0.9, 0.8, 0.7, 0.9, 3.1, 3.0, 3.2, 0.5, True, (0.7,) * 4)
FOUND = Summary("plus-one", "relu", 100, 10, 0, 50, 0.0099, 0.1, 0.2, 0.3, 30.0, 0.95, 0.95, 0, True, SUCCESS)


def said(found: Summary) -> str:
    """The line of the parameters' error."""
    written = io.StringIO()
    Console(width=112, file=written).print(verify_table(Job(), [found]))
    (line,) = (line for line in written.getvalue().splitlines() if "parameter error" in line)
    return line


def test_an_error_beyond_the_tolerance_says_why_in_the_same_line() -> None:
    assert "0.636 (6 missed)" in said(replace(FOUND, failures=6, worst_parameter_error=0.63634))
    assert "missed" not in said(FOUND)
    assert "0.0099" in said(FOUND)


def test_the_reading_says_what_missed_means() -> None:
    assert "has missed" in reading(Job(), [FOUND])
