"""Accuracy of each search against the rate of its scores, one panel a density."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, MARKERS, Drawing, Paper


def rates(document: Mapping[str, Any], paper: Paper) -> Figure:
    """Means as lines, the middle half of the seeds as bands; rotations solid, canonical searches dashed."""
    densities, tuning = document["densities"], document["tuning"]
    figure, panels = paper.panels(len(densities), 2, 3.6)
    for axes, density in zip(panels, densities, strict=True):
        for number, arm in enumerate(document["arms"]):
            rows = sorted((r for r in document["rows"] if r["arm"] == arm and r["density"] == density),
                          key=lambda row: row["rate"])  # fmt: skip
            values = 100.0 * np.array([row["test"][tuning:] for row in rows])
            x, low, high = [row["rate"] for row in rows], *np.quantile(values, (0.25, 0.75), axis=1)
            colour = COLOURS[number % len(COLOURS)]
            axes.plot(x, values.mean(1), "--" if arm.startswith("canonical") else "-", color=colour, linewidth=1.1,
                      marker=MARKERS[(number + number // len(COLOURS)) % len(MARKERS)], markersize=3,
                      label=arm)  # fmt: skip
            axes.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.set(xscale="log", xlabel="rate of SGD", ylabel="test accuracy, %", title=f"density {density:g}")
    about = f"{document['seeds']} seeds, mean and middle half"
    paper.title(figure, f"Searched tickets of 64-100-60-10 on digits, by the rate of the search: {about}")
    paper.legend(figure, panels, 2)
    return figure


RATES = Drawing(rates)
