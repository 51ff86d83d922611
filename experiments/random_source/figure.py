"""Samples before the mask against its density."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.style import COLOURS, GREY, save, sheet, styled


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Measured sizes as marks, the two rules as lines, the closed form as dashes."""
    rows = result["rows"]
    p = [row["density"] for row in rows]
    with styled():
        figure, axes = sheet(6.4, 4.0)
        axes.plot(p, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8, label="measured")
        axes.plot(p, [row["share"] for row in rows], color=COLOURS[1], linewidth=1.0, label="n(1) / p")
        inner = [row for row in rows if row["log"] is not None]
        axes.plot([r["density"] for r in inner], [r["log"] for r in inner], color=COLOURS[2], linewidth=1.0,
                  label="n(1) / ln(1/(1-p))")  # fmt: skip
        axes.plot(p, [row["closed"] for row in rows], "--", color=GREY, linewidth=1.0, label="closed form, a window")
        axes.set(xlabel="density of the mask", ylabel="samples", yscale="log")
        axes.set_title(f"Sources that are sparse from the start: eps {result['eps']:g}, delta {result['delta']:g}")
        axes.legend(fontsize=8)
        save(figure, path, {**about, "Trials": result["trials"]})
