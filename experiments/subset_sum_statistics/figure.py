"""Sizes and errors of the subsets under each rule, one panel a law."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, Drawing, Paper

RULES = (("first", "-", "first found, smallest size first"), ("error", "--", "least error of all subsets"))
LAWS = {"uniform": "U[-1, 1]", "product": "product of two U[-1, 1]", "normal": "N(0, 1)"}


def sizes(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Shares of the subsets by size."""
    return _figure(result, paper, "sizes", np.arange, "samples of the subset", "linear")


def errors(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Shares of the subsets by error, on a logarithmic axis."""
    return _figure(result, paper, "errors", lambda count: (np.arange(count) + 0.5) / count, "error / eps", "log")


def _figure(
    result: Mapping[str, Any], paper: Paper, kind: str, places: Callable[[int], np.ndarray], label: str, scale: str
) -> Figure:
    figure, panels = paper.panels(len(result["laws"]), 3, 2.5, sharey=True)
    for place, (axes, row) in enumerate(zip(panels, result["laws"], strict=True)):
        _steps(axes, row, kind, places)
        axes.set(title=LAWS[row["law"]], xlabel=label, yscale=scale)
        if paper.narrow or place == 0:
            axes.set_ylabel("share of the subsets")
    about = f"n = {result['n']}, eps = {result['eps']:g}, {result['trials']:,} targets in [-1, 1] a law"
    paper.title(figure, f"{'Sizes' if kind == 'sizes' else 'Errors'} of subsets under two rules: {about}")
    paper.legend(figure, panels, 2)
    return figure


def _steps(axes: Axes, row: Mapping[str, Any], kind: str, places: Callable[[int], np.ndarray]) -> None:
    for number, (rule, line, name) in enumerate(RULES):
        counts = np.array(row[rule][kind]) / row[rule]["counted"]
        axes.plot(places(counts.size), counts, line, color=COLOURS[number], drawstyle="steps-mid", label=name)


SIZES, ERRORS = Drawing(sizes), Drawing(errors)
