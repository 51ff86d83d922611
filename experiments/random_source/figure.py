"""Samples before the mask against its density."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, Drawing, Paper


def size(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Measured sizes as marks, the two rules as lines, the closed form as dashes."""
    rows = result["rows"]
    p = [row["density"] for row in rows]
    figure, axes = paper.sheet()
    axes.plot(p, [row["closed"] for row in rows], "--", color=GREY, linewidth=1.0, label="closed form, a whole window")
    axes.plot(p, [row["share"] for row in rows], color=COLOURS[1], linewidth=1.0, label="rule n(1) / p")
    axes.plot(p, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8, label="measured")
    inner = [row for row in rows if row["log"] is not None]
    axes.plot([r["density"] for r in inner], [r["log"] for r in inner], color=COLOURS[2], linewidth=1.0,
              label="rule n(1) / ln(1/(1-p))")  # fmt: skip
    axes.set(xlabel="density p of the source's mask", ylabel="samples", yscale="log")
    axes.set_yticks([10, 20, 50, 100, 200], ["10", "20", "50", "100", "200"])
    axes.minorticks_off()
    about = f"eps {result['eps']:g}, delta {result['delta']:g}"
    paper.title(figure, f"Sources that are sparse from the start: {about}, {result['trials']:,} pools a size")
    paper.legend(figure, [axes], 2)
    return figure


SIZE = Drawing(size)
