"""What `sltk imp` draws and prints beside its findings."""

from dataclasses import replace

from rich.console import Console

from sltk.cli.commands.imp import density_panels
from sltk.studies.imp_bases import ImpJob
from sltk.studies.tables import basis_table

JOB = ImpJob(bases=("canonical",), seeds=2, rounds=3)


def parts(*accuracies: float, kept: tuple[float, ...] = JOB.densities) -> dict:
    return {"test": [[*accuracies]] * 2, "density": [[*kept]] * 2, "live": [[0.5 * d for d in kept]] * 2}


def found(*arms: str) -> dict:
    return {"canonical": {arm: parts(0.9, 0.8, 0.7, 0.6) for arm in arms}}


def test_controls_have_a_panel_where_they_were_run():
    with_controls = density_panels(JOB, found("ticket", "random"))
    assert [len(curves) for curves in with_controls.values()] == [1, 1, 2]
    without = density_panels(replace(JOB, controls=False), found("ticket"))
    assert list(without) == ["Tickets, by density", "Tickets, by live density"]


def test_curves_stand_at_the_densities_that_were_achieved():
    outputs = {"low-rank": {"ticket": parts(0.9, 0.8, 0.7, 0.6, kept=(1.6, 0.7, 0.7, 0.2))}}
    kept, live = density_panels(replace(JOB, controls=False), outputs).values()
    assert list(kept[0].density) == [1.6, 0.7, 0.7, 0.2]
    assert list(live[0].density) == [0.8, 0.35, 0.35, 0.1]


def test_a_density_above_one_is_said_and_both_densities_are_in_the_table():
    console = Console(width=200, record=True, quiet=False)
    console.print(basis_table(JOB, {"low-rank": {"ticket": parts(0.9, 0.8, 0.7, 0.6, kept=(1.6, 0.7, 0.5, 0.2))}}))
    text = console.export_text()
    assert "low-rank starts at a density of 1.6" in text
    assert [line.split("│")[1].strip() for line in text.splitlines() if "│" in line] == ["low-rank", "kept", "live"]
    console.print(basis_table(JOB, found("ticket")))
    assert "starts at a density" not in console.export_text()


def test_the_table_ends_with_the_last_round():
    console = Console(width=200, record=True, quiet=False)
    console.print(basis_table(JOB, found("ticket")))
    text = console.export_text()
    assert f"{JOB.densities[-1]:.3g}" in text
    assert "60.0" in text


def test_the_row_of_a_basis_is_that_of_its_tickets():
    """Stored outputs come back in order of the alphabet: the random control first."""
    arms = {"random": parts(0.1, 0.1, 0.1, 0.1), "ticket": parts(0.9, 0.9, 0.9, 0.9)}
    console = Console(width=200, record=True)
    console.print(basis_table(JOB, {"canonical": arms}))
    rows = [line.split("│") for line in console.export_text().splitlines() if "0.0" in line]
    assert [(row[1].strip(), row[2].strip()) for row in rows] == [("canonical", "90.0"), ("random", "10.0")]
