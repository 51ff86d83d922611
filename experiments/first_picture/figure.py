"""A random network, the part of it that is kept, and three functions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, Drawing, Paper


def picture(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Three panels; weights are lines, blue where positive and orange where negative, as strong as they are large."""
    (row,) = result["rows"]
    figure, panels = paper.panels(3, 3, 2.5)
    _network(panels[0], row["layers"], kept=False)
    panels[0].set_title("1. A random network,\ndrawn before the target is seen")
    _network(panels[1], row["layers"], kept=True)
    panels[1].set_title(f"2. The ticket: {row['kept']} of {row['total']}\nweights kept, none changed")
    _functions(panels[2], row)
    panels[2].set_title(f"3. It computes the target:\nerror at most {row['bound']:.2g}, proved")
    paper.title(figure, "A strong lottery ticket")
    paper.legend(figure, panels, 3)
    return figure


def _network(axes: Axes, layers: Sequence[Mapping[str, Any]], kept: bool) -> None:
    widths = [len(layers[0]["weight"][0]), *(len(layer["weight"]) for layer in layers)]
    places = [np.linspace(0.0, 1.0, width + 2)[1:-1] for width in widths]
    for depth, layer in enumerate(layers):
        weight, mask = np.array(layer["weight"]), np.array(layer["mask"], dtype=bool)
        rows, columns = np.nonzero(mask if kept else np.ones_like(mask))
        lines = [
            [(depth, places[depth][j]), (depth + 1, places[depth + 1][i])] for i, j in zip(rows, columns, strict=True)
        ]
        size = np.abs(weight[rows, columns]) / np.abs(weight).max()
        colours = [COLOURS[0] if value > 0 else COLOURS[1] for value in weight[rows, columns]]
        axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.4 + (1.0 if kept else 0.3) * size,
                                           alpha=0.9 if kept else 0.35))  # fmt: skip
    for depth, place in enumerate(places):
        axes.plot([depth] * len(place), place, "o", color=GREY, markersize=2.2)
    axes.set_axis_off()
    axes.set(xlim=(-0.1, len(layers) + 0.1), ylim=(0.0, 1.0))


def _functions(axes: Axes, row: Mapping[str, Any]) -> None:
    axes.plot(row["x"], row["target"], color=GREY, linewidth=4.0, alpha=0.5, label="the target")
    axes.plot(row["x"], row["ticket"], color=COLOURS[0], linewidth=1.2, linestyle="--", label="the ticket")
    low, high = min(row["target"]), max(row["target"])
    axes.set(xlabel="input", ylim=(low - 0.3 * (high - low), high + 0.6 * (high - low)))
    # The whole network is far outside of what the target does: it is named, not drawn.
    ends = dict.fromkeys(f"{end(row['source']):.3g}" for end in (min, max))
    axes.text(
        0.5, 0.97, f"the whole random network: {' to '.join(ends)}", transform=axes.transAxes, ha="center", va="top",
        fontsize=7.5, color=GREY,
    )  # fmt: skip


PICTURE = Drawing(picture)
