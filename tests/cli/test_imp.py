"""What `sltk imp` draws and prints beside its findings."""

from dataclasses import replace

from rich.console import Console

from sltk.cli.commands.imp import accuracy_table, density_panels
from sltk.studies.imp_bases import ImpJob

JOB = ImpJob(bases=("canonical",), seeds=2, rounds=3)


def found(*arms: str) -> dict:
    return {"canonical": {arm: {"test": [[0.9, 0.8, 0.7, 0.6]] * 2} for arm in arms}}


def test_controls_have_a_panel_where_they_were_run():
    with_controls = density_panels(JOB, found("ticket", "random"))
    assert [len(curves) for curves in with_controls.values()] == [1, 2]
    assert list(density_panels(replace(JOB, controls=False), found("ticket"))) == ["Tickets, by basis"]


def test_the_table_ends_with_the_last_round():
    console = Console(width=200, record=True, quiet=False)
    console.print(accuracy_table(JOB, found("ticket")))
    text = console.export_text()
    assert f"{JOB.densities[-1]:.3g}" in text
    assert "60.0" in text
