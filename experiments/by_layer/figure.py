"""Two panels over the layers: errors of values, proved and found; errors of parameters, allowed and found."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, Drawing, Paper

VALUES = {
    "proved": ("proved of all inputs", "--", COLOURS[1]),
    "largest_value": ("largest value of the target", ":", GREY),
    "largest_error": ("largest error on images", "-", COLOURS[0]),
    "typical_error": ("root mean square error", "-", COLOURS[2]),
}
PARAMETERS = {
    "tolerance": ("tolerance", "--", COLOURS[1]),
    "worst": ("worst error", "-", COLOURS[0]),
    "typical_parameter": ("root mean square error", "-", COLOURS[2]),
}


def layers(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Left what the layers say, right what they are made of."""
    rows = result["layers"]
    figure, panels = paper.panels(2, 2, 3.0, sharex=True)
    for axes, curves, title in zip(panels, (VALUES, PARAMETERS), ("behind each layer", "parameters"), strict=True):
        _curves(axes, rows, curves)
        axes.set(yscale="log", title=title, xlabel="layer of the network", ylabel="absolute error")
        axes.legend(loc="best", fontsize=6.5)
    missed, expected = (sum(row[key] for row in rows) for key in ("failures", "expected"))
    problems = sum(row["problems"] for row in rows)
    paper.title(
        figure,
        f"A two-layer ticket of the published ResNet-20, {result['images']} images; of {problems:,} parameters "
        f"{missed} missed, {expected:.2g} were expected to",
    )
    return figure


def _curves(axes: Axes, rows: list[Mapping[str, Any]], curves: Mapping[str, tuple[str, str, str]]) -> None:
    for key, (label, line, colour) in curves.items():
        axes.plot(range(1, len(rows) + 1), [row[key] for row in rows], color=colour, linestyle=line, linewidth=1.2,
                  marker=".", markersize=4, label=label)  # fmt: skip


LAYERS = Drawing(layers)
