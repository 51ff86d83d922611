"""Size of a pool against the density of its subsets."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, MARKERS, Drawing, Paper

MOST = 40  # samples that the search looks at


def size(result: Mapping[str, Any], paper: Paper) -> Figure:
    """One panel a tolerance: measured sizes, counting, the size without a rule; what is beyond the search is marked."""
    curves = result["curves"]
    figure, panels = paper.panels(len(curves), 2, 3.0, sharey=True)
    for number, (axes, curve) in enumerate(zip(panels, curves, strict=True)):
        _panel(axes, curve, COLOURS[number], MARKERS[number])
        axes.set_title(f"eps {curve['eps']:g}")
        axes.set_xlabel("density: kept fraction of the pool")
        if paper.narrow or number == 0:
            axes.set_ylabel("samples of the pool")
    trials = f"{result['trials']:,} pools a size"
    paper.title(figure, f"What a density costs: a target in [-1, 1], delta {result['delta']:g}, {trials}")
    paper.legend(figure, panels, 2)
    return figure


def _panel(axes: Axes, curve: Mapping[str, Any], colour: str, marker: str) -> None:
    rows = curve["rows"]
    found, missing = ([row for row in rows if (row["n"] is None) == lost] for lost in (False, True))
    axes.plot([row["density"] for row in found], [row["n"] for row in found], marker, color=colour, linestyle="-",
              linewidth=0.8, label="measured")  # fmt: skip
    axes.plot([row["density"] for row in missing], [MOST] * len(missing), "^", color=colour, fillstyle="none",
              markersize=6, label=f"more than {MOST}: not searched")  # fmt: skip
    axes.plot([row["density"] for row in rows], [row["counting"] for row in rows], color=colour, linewidth=1.0,
              linestyle=":", label="so many subsets could cover the window")  # fmt: skip
    if curve["free"] is not None:
        axes.axhline(curve["free"], color=colour, linestyle="--", linewidth=1.0, label="subsets of any density")
    densities = [row["density"] for row in rows]
    axes.set(xlim=(min(densities) - 0.03, max(densities) + 0.03), ylim=(0, MOST + 2.5))


SIZE = Drawing(size)
