"""Samples against the bits of the grid."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sltk.plot.style import COLOURS, GREY, Drawing, Paper


def size(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Measured sizes as marks, the counting floor as a line."""
    rows = [row for row in result["rows"] if row["n"] is not None]
    figure, axes = paper.sheet()
    bits = [row["bits"] for row in rows]
    axes.plot(bits, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8,
              label=f"measured, {result['slope']:.2f} samples a bit")  # fmt: skip
    axes.plot(bits, [row["floor"] for row in rows], color=GREY, linewidth=1.0, label="counting floor")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="bits: the grid's step is 2^-bits", ylabel="samples", ylim=(0, None))
    paper.title(figure, f"Exact subset sums on a grid: delta {result['delta']:g}, {result['trials']:,} pools a size")
    paper.legend(figure, [axes], 2)
    return figure


SIZE = Drawing(size)
