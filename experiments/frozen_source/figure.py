"""Samples against the share that is locked in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.style import COLOURS, save, sheet, styled


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Measured sizes as marks; as a line what the free samples alone would need."""
    rows = [row for row in result["rows"] if row["n"] is not None]
    with styled():
        figure, axes = sheet(6.0, 3.8)
        share = [row["locked"] for row in rows]
        axes.plot(share, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8, label="measured")
        axes.plot(share, [row["free alone"] for row in rows], color=COLOURS[1], linewidth=1.0,
                  label="as many free samples as without locked ones")  # fmt: skip
        axes.set(xlabel="share of samples locked in", ylabel="samples", ylim=(0, None))
        axes.set_title(f"Partly frozen pools: eps {result['eps']:g}, delta {result['delta']:g}")
        axes.legend(fontsize=8)
        save(figure, path, {**about, "Trials": result["trials"]})
