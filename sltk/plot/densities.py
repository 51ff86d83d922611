"""Accuracy against density, mean and spread over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, MARKERS, Paper

TICKS = [digit / 10**place for place in range(6) for digit in (5, 2, 1) if digit <= 10**place]  # 1, .5, .2, .1, ...


@dataclass(frozen=True)
class DensityCurve:
    """One arm.

    Attributes:
        label: names it.
        density: kept fractions, falling.
        accuracy: ``[[share by density] by seed]``.
        axis: what the densities are; the first curve of a panel names its axis.
    """

    label: str
    density: Sequence[float]
    accuracy: Sequence[Sequence[float]]
    axis: str = "density (kept fraction)"


def draw_densities(panels: Mapping[str, Sequence[DensityCurve]], note: str, paper: Paper) -> Figure:
    """One panel a title: means as lines, the middle half of the seeds as bands; density falls to the right.

    Args:
        panels: curves by title.
        note: what the figure shows, as its heading.
        paper: what it is drawn on.
    """
    figure, found = paper.panels(len(panels), 2, 3.4)
    places: dict[str, int] = {}  # a name has one colour and mark in all panels, which share a legend
    for curve in (curve for curves in panels.values() for curve in curves):
        places.setdefault(curve.label, len(places))
    for axes, (title, curves) in zip(found, panels.items(), strict=True):
        for curve in curves:
            _draw(axes, curve, places[curve.label])
        named = next((curve.axis for curve in curves), "")
        axes.set(xscale="log", xlabel=named, ylabel="test accuracy, %", title=title)
        low, high = axes.get_xlim()
        ticks = [tick for tick in TICKS if low <= tick <= high]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.invert_xaxis()
    paper.title(figure, note)
    paper.legend(figure, found, 4)
    return figure


def _draw(axes: Axes, curve: DensityCurve, place: int) -> None:
    values = 100.0 * np.asarray(curve.accuracy)
    low, high = np.quantile(values, (0.25, 0.75), axis=0)
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]
    dashed = "--" if place >= len(COLOURS) else "-"
    axes.plot(
        curve.density, values.mean(0), dashed, color=colour, marker=marker, markersize=3, linewidth=1.1,
        label=curve.label,
    )  # fmt: skip
    axes.fill_between(curve.density, low, high, color=colour, alpha=0.15, linewidth=0)
