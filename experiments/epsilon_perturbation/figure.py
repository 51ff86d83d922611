"""Samples against the move that each may make."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, Drawing, Paper


def size(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Measured sizes as marks, the factor as a line; the axis of moves is linear below .001."""
    rows = result["rows"]
    figure, axes = paper.sheet()
    move = [row["move"] for row in rows]
    axes.plot(move, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8, label="measured")
    axes.plot(move, [row["factor"] for row in rows], color=COLOURS[1], linewidth=1.0, label="n(0) / (1 + m)")
    axes.set_xscale("symlog", linthresh=0.001)
    axes.set_xticks([0, 0.001, 0.01, 0.1], ["0", ".001", ".01", ".1"])
    axes.set(xlabel="move m that each sample may make (linear below .001)", ylabel="samples", ylim=(0, None))
    about = f"eps {result['eps']:g}, delta {result['delta']:g}"
    paper.title(figure, f"Samples that may move: {about}, {result['trials']:,} pools a size")
    paper.legend(figure, [axes], 2)
    return figure


SIZE = Drawing(size)
