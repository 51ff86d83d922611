"""A map a rival: where RST is as good, by width and density, one panel a budget and cap."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from experiments.rst_phase.phases import INPUTS, where
from sltk.plot.style import GREY, Drawing, Paper

COLOURS = {"supported": "#7fcdb4", "open": "#eeeeee", "contradicted": "#f0a878"}
OTHER = "#ffffff"
ACROSS = 2  # panels


def map_of(document: Mapping[str, Any], paper: Paper) -> Figure:
    """The maps; a cell that was not measured stays white."""
    columns = [(budget, cap) for budget in document["budgets"] for cap in document["caps"]]
    places = [(rival, *column) for rival in document["maps"] for column in columns]
    figure, panels = paper.panels(len(places), ACROSS, 0.36 * len(document["widths"]) + 1.1, sharey=True)
    for place, (axes, (rival, budget, cap)) in enumerate(zip(panels, places, strict=True)):
        found = {one["basis"]: one for one in document["maps"][rival]}
        _panel(axes, document, found, budget, cap)
        _, first = paper.edges(place, len(places), ACROSS)
        axes.set_ylabel(f"against {rival}\nwidth (of 100-60)" if first else "")
    handles = [Patch(facecolor=colour, edgecolor=GREY, label=word) for word, colour in COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    about = f"digits, {document['seeds']} seeds, equal budgets; numbers: mean difference in points"
    paper.title(figure, f"Is RST not worse by half a point than lottery tickets? {about}")
    return figure


def _panel(axes: Axes, document: Mapping[str, Any], found: Mapping[str, Any], budget: int, cap: float) -> None:
    widths, densities = document["widths"], document["densities"]
    for y, width in enumerate(widths):
        for x, density in enumerate(densities):
            one = found.get(where(width, density, budget, cap))
            colour = OTHER if one is None else COLOURS.get(one["finding"], OTHER)
            weight = "normal" if one is None or one["finding"] == "open" else "bold"
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor=GREY, linewidth=0.6))
            said = "" if one is None else f"{100 * one['comparison']['mean']:+.1f}"
            axes.text(x, y, said, ha="center", va="center", fontsize=8, fontweight=weight)
    axes.set(xlim=(-0.5, len(densities) - 0.5), ylim=(-0.5, len(widths) - 0.5), xlabel="density (inputs a unit)")
    axes.set_xticks(range(len(densities)), [f"{density:g}\n({INPUTS * density:.2g})" for density in densities])
    axes.set_yticks(range(len(widths)), [str(width) for width in widths])
    axes.set_title(f"{document['epochs'] * budget} epochs an arm, cap {cap:g}", fontsize=8.5)
    axes.grid(visible=False)


MAP = Drawing(map_of)
