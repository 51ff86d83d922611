"""Size of a pool against the density of its subsets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.style import COLOURS, MARKERS, save, sheet, styled


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Measured sizes as marks, counting as thin lines, the size without a rule as dashes."""
    with styled():
        figure, axes = sheet(7.0, 4.2)
        for number, curve in enumerate(result["curves"]):
            colour, rows = COLOURS[number], curve["rows"]
            found = [row for row in rows if row["n"] is not None]
            axes.plot(
                [row["density"] for row in found], [row["n"] for row in found], MARKERS[number], color=colour,
                linestyle="-", linewidth=0.8, label=f"measured, eps {curve['eps']:g}",
            )  # fmt: skip
            axes.plot([r["density"] for r in rows], [r["counting"] for r in rows], color=colour, linewidth=0.8,
                      linestyle=":", label=f"counting, eps {curve['eps']:g}")  # fmt: skip
            if curve["free"] is not None:
                axes.axhline(curve["free"], color=colour, linestyle="--", linewidth=0.8,
                             label=f"any density, eps {curve['eps']:g}")  # fmt: skip
        axes.set_xlabel("density: kept fraction of the pool")
        axes.set_ylabel("samples of the pool")
        axes.set_ylim(0, 45)
        axes.set_title(f"What a density costs: fixed target in [-1, 1], delta {result['delta']:g}")
        axes.legend(fontsize=8, ncols=2)
        save(figure, path, {**about, "Trials": result["trials"]})
