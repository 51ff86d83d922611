"""Error of the function against the share of parameters that missed, a panel a source, a mark a ticket."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

NONE = 1e-5  # where tickets that missed nothing stand, on an axis that has no zero
LEAST, MOST = 1e-5, 1e4  # what lies beyond is drawn at the edge


def reached(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Right of the line: something missed. Above the line: the error is larger than what the network says."""
    rows, depths = result["rows"], result["depths"]
    sources = list(dict.fromkeys(r["source"] for r in rows))
    figure, panels = paper.panels(len(sources), len(sources), 2.8, sharex=True, sharey=True)
    for place, (axes, source) in enumerate(zip(panels, sources, strict=True)):
        for number, layers in enumerate(depths):
            own = [r for r in rows if (r["source"], r["layers"]) == (source, layers)]
            axes.plot([missed(r) for r in own], [relative(r) for r in own], MARKERS[number], color=COLOURS[number],
                      linestyle="", markersize=3.5, alpha=0.8, label=f"{layers} layers")  # fmt: skip
        axes.axhline(1.0, color=GREY, linewidth=1.0, label="error as large as the output")
        axes.axvline(NONE * 3.0, color=GREY, linewidth=1.0, linestyle=":", label="left of it: every parameter reached")
        axes.set(xscale="log", yscale="log", title=source, xlim=(NONE / 3.0, 2.0), ylim=(LEAST / 2, MOST * 3))
        axes.set_xticks([NONE, 1e-4, 1e-2, 1.0], ["none", ".01%", "1%", "all"])
        axes.set_yticks([1e-4, 1e-2, 1.0, 1e2, MOST], [".0001", ".01", "1", "100", "10,000\nor more"])
        axes.minorticks_off()
        lowest, first = paper.edges(place, len(sources), len(sources))
        axes.set_xlabel("parameters that missed" if lowest else "")
        axes.set_ylabel("error / largest output" if first else "")
    paper.title(figure, "Parameters reached against the function computed: one does not say the other")
    paper.legend(figure, panels, 3)
    return figure


def missed(row: Mapping[str, Any]) -> float:
    """Share of the problems without a solution."""
    return max(NONE, row["failures"] / row["problems"])


def relative(row: Mapping[str, Any]) -> float:
    """Error over the target's largest output, within the axis."""
    return min(MOST, max(LEAST, row["error"] / row["largest"]))


REACHED = Drawing(reached)
