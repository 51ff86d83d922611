"""Where a transformed random mask is as good as a lottery ticket: width, density, cap, budget (claim ``dual-lth``).

Run ``python -m experiments.rst_phase.study``. On digits, networks 64-100w-60w-10 with the last layer dense: RST, with
the cap of its penalty .3 or 1, against iterative magnitude pruning in five rounds, layerwise (``--preset paper``: and
global), every arm with the same number of steps. A map says for each cell whether "not worse by half a point" is
supported, contradicted or open, by the exact sign-flip test paired over seeds, Holm over all cells of a map. It draws
``out/rst_phase/map.png``. A run that was stopped goes on where it was.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType

from experiments.rst_phase.figure import MAP
from experiments.rst_phase.phases import RIVALS, judged_map, map_table
from sltk.core.files import canonical_json, sha256
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.studies.rst_arms import RstJob, measure_arm

RST = "rst"


@dataclass(frozen=True, kw_only=True)
class PhaseOptions(StudyOptions):
    """What is asked."""

    widths: tuple[int, ...] = (1, 2, 4, 8)
    """Factors of the hidden layers, 100 and 60 units."""
    densities: tuple[float, ...] = (0.1, 0.05, 0.02)
    """Kept fractions of all weights but the last layer's."""
    caps: tuple[float, ...] = (1.0, 0.3)
    """Where the penalty's lambda stops."""
    budgets: tuple[int, ...] = (1, 2)
    """Factors of the epochs of an arm, all of its trainings together."""
    rivals: tuple[str, ...] = RIVALS[:1]
    """Arms that RST is held against; the paper preset adds the global one."""
    epochs: int = 72
    """Of an arm at budget 1."""
    seeds: int = 12
    """Runs of each arm: as many as the exact test needs to decide a cell of 48 after Holm's correction."""
    first_seed: int = 100
    """The first of them: those below 100 served to choose cap and lengths."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out/rst_phase")
    """Folder for rows, JSON and figures."""


class RstPhase(Study[PhaseOptions]):
    """One arm at one width, density, budget and cap a cell."""

    name = "rst_phase"
    claim = "dual-lth"
    measures = "Accuracy of RST against lottery tickets at equal budgets, by width, density, cap and budget."
    minutes = 45.0
    options = PhaseOptions
    quick: ClassVar = {"widths": (1,), "densities": (0.1,), "budgets": (1,), "epochs": 2, "seeds": 2}
    paper: ClassVar = {"rivals": RIVALS}
    figures: ClassVar = {"map": MAP}

    def cells(self, options: PhaseOptions) -> dict[str, dict[str, Any]]:
        """Every arm in every place; a rival has no cap. The first rival comes first, so that its map is whole first."""
        found = {}
        for arms in ((RST, *options.rivals[:1]), options.rivals[1:]):
            for width in options.widths:
                for budget in options.budgets:
                    for density in options.densities:
                        for arm in arms:
                            for cap in options.caps if arm == RST else (None,):
                                cell = _cell(options, width, density, budget, arm, cap)
                                found[cell_name(width, density, budget, arm, cap)] = cell
        return found

    def measure(self, cell: Mapping[str, Any], options: PhaseOptions) -> dict[str, Any]:
        """Accuracies, densities, budgets and what the cut takes, by seed."""
        kept = options.out / "checkpoints" / sha256(canonical_json(dict(cell)))[:16]
        outputs = measure_arm(job(cell), cell["arm"], kept)
        shutil.rmtree(kept, ignore_errors=True)
        return {part: found[0] if isinstance(found, list) else found for part, found in outputs.items()}

    def conclude(self, rows: Sequence[StudyRow], options: PhaseOptions) -> dict[str, Any]:
        """The map of each rival."""
        asked = {"widths": options.widths, "densities": options.densities, "caps": options.caps}
        found = [{**row.cell, "outputs": dict(row.outputs)} for row in rows]
        maps = {rival: [asdict(one) for one in judged_map(found, rival)] for rival in options.rivals}
        return {**asked, "budgets": options.budgets, "epochs": options.epochs, "seeds": options.seeds, "maps": maps,
                "rows": found}  # fmt: skip

    def tables(self, document: Mapping[str, Any]) -> list[RenderableType]:
        """The maps."""
        return [map_table(document, rival) for rival in document["maps"]]


def cell_name(width: int, density: float, budget: int, arm: str, cap: float | None) -> str:
    """In words."""
    return f"{arm}{'' if cap is None else f', cap {cap:g}'}, width {width}, density {density:g}, budget {budget}"


def job(cell: Mapping[str, Any]) -> RstJob:
    """What is run in ``cell``."""
    width, cap = cell["width"], cell["cap"]
    epochs = cell["epochs"] * cell["budget"]
    return RstJob(
        hidden=(100 * width, 60 * width), densities=(cell["density"],), seeds=cell["seeds"],
        first_seed=cell["first_seed"], epochs=0.75 * epochs, final_epochs=0.25 * epochs,
        cap=1.0 if cap is None else cap,
    )  # fmt: skip


def _cell(
    options: PhaseOptions, width: int, density: float, budget: int, arm: str, cap: float | None
) -> dict[str, Any]:
    return {"width": width, "density": density, "budget": budget, "arm": arm, "cap": cap, "seeds": options.seeds,
            "first_seed": options.first_seed, "epochs": options.epochs}  # fmt: skip


STUDY = RstPhase()

if __name__ == "__main__":
    sys.exit(STUDY.main())
