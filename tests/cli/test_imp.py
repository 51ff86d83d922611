"""What `sltk imp` draws and prints beside its findings."""

from dataclasses import replace

from rich.console import Console

from sltk.cli.commands.imp import density_panels
from sltk.studies.imp_bases import ImpJob
from sltk.studies.tables import basis_table

JOB = ImpJob(bases=("canonical",), seeds=2, rounds=3)


def found(*arms: str) -> dict:
    return {"canonical": {arm: {"test": [[0.9, 0.8, 0.7, 0.6]] * 2} for arm in arms}}


def test_controls_have_a_panel_where_they_were_run():
    with_controls = density_panels(JOB, found("ticket", "random"))
    assert [len(curves) for curves in with_controls.values()] == [1, 2]
    assert list(density_panels(replace(JOB, controls=False), found("ticket"))) == ["Tickets, by basis"]


def test_the_table_ends_with_the_last_round():
    console = Console(width=200, record=True, quiet=False)
    console.print(basis_table(JOB, found("ticket")))
    text = console.export_text()
    assert f"{JOB.densities[-1]:.3g}" in text
    assert "60.0" in text


def test_the_row_of_a_basis_is_that_of_its_tickets():
    """Stored outputs come back in order of the alphabet: the random control first."""
    parts = {"random": {"test": [[0.1] * 4] * 2}, "ticket": {"test": [[0.9] * 4] * 2}}
    console = Console(width=200, record=True)
    console.print(basis_table(JOB, {"canonical": parts}))
    rows = [line.split("│") for line in console.export_text().splitlines() if "0.0" in line]
    assert [(row[1].strip(), row[2].strip()) for row in rows] == [("canonical", "90.0"), ("random", "10.0")]
