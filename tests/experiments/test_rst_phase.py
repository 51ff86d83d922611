"""The phase diagram of RST: its cells, the verdict of each, and what is drawn."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from experiments.rst_phase.figure import MAP
from experiments.rst_phase.phases import RIVALS, judged_map, map_table, where
from experiments.rst_phase.study import STUDY, PhaseOptions, job
from sltk.core.about import About
from sltk.core.files import canonical_json
from sltk.core.statistics.paired import fewest_pairs
from sltk.harness.study import StudyRow
from sltk.studies.findings import LEVEL, NO_VERDICT
from sltk.studies.rst_arms import lengths

ROWS = 1150
SHIFTS = {0.1: 0.02, 0.05: -0.005, 0.02: -0.03}  # of RST, by density: better, at the margin, worse


def outputs(cell: dict[str, Any], epochs: float) -> dict[str, Any]:
    shift = SHIFTS[cell["density"]] if cell["arm"] == "rst" else 0.0
    spread = [0.001 * (-1) ** n * (cell["arm"] == "rst") for n in range(12)]
    return {"test": [0.9 + shift + s for s in spread], "epochs": [epochs] * 12, "multiply_adds": [1e9] * 12}


def rows(options: PhaseOptions, epochs: float = 72.0) -> list[StudyRow]:
    return [
        StudyRow(name, cell, outputs(cell, epochs if cell["arm"] == "rst" else 72.0))
        for name, cell in STUDY.cells(options).items()
    ]


def test_the_grid_is_whole_and_its_seeds_can_decide_it() -> None:
    options = STUDY.preset(PhaseOptions(preset="paper"))
    cells = list(STUDY.cells(options).values())
    rst = [cell for cell in cells if cell["arm"] == "rst"]
    assert len(rst) == 4 * 3 * 2 * 2
    assert len(cells) == len(rst) + 2 * 4 * 3 * 2
    assert options.seeds >= fewest_pairs(len(rst), LEVEL)
    assert cells[:72] == list(STUDY.cells(PhaseOptions()).values())  # the first map is whole before the second
    assert {cell["arm"] for cell in cells[:72]} == {"rst", RIVALS[0]}


@pytest.mark.parametrize("budget", [1, 2])
@pytest.mark.parametrize("width", [1, 8])
def test_every_arm_of_a_cell_has_the_same_total(width: int, budget: int) -> None:
    for cell in STUDY.cells(PhaseOptions()).values():
        if (cell["width"], cell["budget"]) == (width, budget):
            asked = job(cell)
            assert asked.hidden == (100 * width, 60 * width)
            assert lengths(asked, ROWS).total == 72 * 17 * budget
            assert lengths(asked, ROWS).transform == 54 * 17 * budget
            assert min(asked.every_seed) >= 100


def test_a_map_says_supported_open_and_contradicted() -> None:
    options = PhaseOptions(widths=(1, 2), budgets=(1,), rivals=RIVALS)
    document = json.loads(canonical_json(STUDY.conclude(rows(options), options)))
    for rival in RIVALS:
        found = {one["basis"]: one["finding"] for one in document["maps"][rival]}
        assert [found[where(2, density, 1, 0.3)] for density in options.densities] == [
            "supported", "open", "contradicted",
        ]  # fmt: skip
        assert len(found) == 12
        assert "1.28 inputs a unit" in document["maps"][rival][-1]["setting"]
    console = Console(width=150, record=True, quiet=False)
    console.print(map_table(document, RIVALS[0]))
    assert "contradicted -3.0" in console.export_text()


def test_unequal_budgets_are_no_verdict() -> None:
    options = PhaseOptions(widths=(1,), budgets=(1,))
    found = judged_map([{**row.cell, "outputs": row.outputs} for row in rows(options, epochs=48.0)], RIVALS[0])
    assert {one.finding for one in found} == {NO_VERDICT}


def test_a_map_with_holes_is_drawn(tmp_path: Path) -> None:
    options = PhaseOptions(widths=(1, 2), budgets=(1,), rivals=RIVALS)
    document = STUDY.conclude(rows(options)[:7], options)
    about = About(study="rst_phase", claim="dual-lth", command="a test", rows="none", commit="none")
    MAP(document, tmp_path / "map", about)
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_a_cell_is_measured_and_leaves_no_checkpoint(tmp_path: Path) -> None:
    options = PhaseOptions(widths=(1,), densities=(0.1,), budgets=(1,), caps=(1.0,), epochs=1, seeds=2, out=tmp_path)
    for cell in list(STUDY.cells(options).values())[:2]:
        found = STUDY.measure(cell, options)
        assert len(found["test"]) == 2
        assert found["steps"] == [12, 12]
        assert bool(found["before cut"]) == (cell["arm"] == "rst")
    assert not list((tmp_path / "checkpoints").iterdir())
