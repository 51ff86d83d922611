"""Two panels over the layers: errors of values, proved and found; errors of parameters, allowed and found."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, Drawing, Paper

VALUES = {
    "proved": ("proved of all inputs", "--", COLOURS[1]),
    "largest_value": ("largest value of the target", ":", GREY),
    "largest_error": ("largest error", "-", COLOURS[0]),
    "typical_error": ("root mean square error", "-", COLOURS[2]),
}
PARAMETERS = {
    "tolerance": ("tolerance of a parameter", "--", COLOURS[3]),
    "worst": ("largest error", "-", COLOURS[0]),
    "typical_parameter": ("root mean square error", "-", COLOURS[2]),
}


def layers(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Left what the layers say, right what they are made of."""
    rows = result["layers"]
    figure, panels = paper.panels(2, 2, 3.0, sharex=True)
    missed, expected = (sum(row[key] for row in rows) for key in ("failures", "expected"))
    problems = sum(row["problems"] for row in rows)
    titles = (
        f"values, {result['images']} images (no sigmoid above 1)",
        f"parameters: {missed} of {problems:,} missed, {expected:.2g} expected",
    )
    for axes, curves, title in zip(panels, (VALUES, PARAMETERS), titles, strict=True):
        _curves(axes, rows, curves)
        axes.set(yscale="log", xlabel="layer of the network", ylabel="absolute error")
        axes.set_title(title, fontsize=8)
    paper.title(figure, "Theory and practice by layer: a two-layer ticket of the published ResNet-20")
    paper.legend(figure, panels, 3)
    return figure


def _curves(axes: Axes, rows: list[Mapping[str, Any]], curves: Mapping[str, tuple[str, str, str]]) -> None:
    for key, (label, line, colour) in curves.items():
        axes.plot(range(1, len(rows) + 1), [row[key] for row in rows], color=colour, linestyle=line, linewidth=1.2,
                  marker=".", markersize=4, label=label)  # fmt: skip


LAYERS = Drawing(layers)
