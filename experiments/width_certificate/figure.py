"""What is proved and what is measured, question by question, one panel a law."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

NAMES = {
    "closed-form": "closed form (theorem)",
    "certificate": "certificate (machine)",
    "measured": "measured",
    "floor": "counting floor",
}
TITLES = {
    "uniform(1.0)": "U[-1, 1]",
    "normal(1.0)": "N(0, 1)",
    "product(uniform(1.0), uniform(1.0))": "product of two U[-1, 1]",
}


def sizes(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Sizes on a logarithmic axis."""
    laws = list(dict.fromkeys(row["law"] for row in result["rows"]))
    figure, panels = paper.panels(len(laws), 3, 3.4, sharey=True)
    for place, (axes, law) in enumerate(zip(panels, laws, strict=True)):
        rows = [row for row in result["rows"] if row["law"] == law]
        _panel(axes, rows)
        axes.set_title(f"{TITLES[law]}, to ±{rows[0]['L'] / 2:.3g}", fontsize=8.5)
        if paper.narrow or place == 0:
            axes.set_ylabel("samples of a pool")
    paper.title(figure, "How many random weights reach every target within eps, except with probability delta")
    paper.legend(figure, panels, 4)
    return figure


def _panel(axes: Axes, rows: list[Mapping[str, Any]]) -> None:
    places = range(len(rows))
    for number, (method, name) in enumerate(NAMES.items()):
        sizes, colour = [row[method] for row in rows], GREY if method == "floor" else COLOURS[number]
        axes.plot(places, sizes, MARKERS[number], color=colour, label=name)
        for place, size in zip(places, sizes, strict=True):
            axes.annotate(str(size), (place, size), (5, -3), textcoords="offset points", fontsize=6.5, color=colour)
    axes.set_yscale("log")
    axes.set_yticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    axes.minorticks_off()
    axes.set_xticks(list(places), [f"{row['eps']:g}\n{row['delta']:g}" for row in rows], fontsize=7)
    axes.set_xlim(-0.4, len(rows) - 0.2)
    axes.set_xlabel("eps (above) and delta (below)")


SIZES = Drawing(sizes)
