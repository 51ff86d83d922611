"""Samples against the move that each may make."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.style import COLOURS, save, sheet, styled


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Measured sizes as marks, the factor as a line; the axis of moves is linear below .001."""
    rows = result["rows"]
    with styled():
        figure, axes = sheet(6.0, 3.8)
        move = [row["move"] for row in rows]
        axes.plot(move, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8, label="measured")
        axes.plot(move, [row["factor"] for row in rows], color=COLOURS[1], linewidth=1.0, label="n(0) / (1 + m)")
        axes.set_xscale("symlog", linthresh=0.001)
        axes.set(xlabel="move m that each sample may make", ylabel="samples", ylim=(0, None))
        axes.set_title(f"Samples that may move: eps {result['eps']:g}, delta {result['delta']:g}")
        axes.legend(fontsize=8)
        save(figure, path, {**about, "Trials": result["trials"]})
