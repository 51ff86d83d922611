"""The running success frequency of real tickets beside what each formula predicts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.core.statistics.stats import clopper_pearson
from sltk.plot.style import COLOURS, GREY, Drawing, Paper

POINTS = 60
FIRST = 100  # seeds at which the running frequency starts


def success(document: Mapping[str, Any], paper: Paper) -> Figure:
    """One panel a case: the frequency after k seeds with exact limits, and each model with its interval."""
    results, false_alarm = document["cases"], document["false_alarm"]
    figure, panels = paper.panels(len(results), 3, 2.9, sharey=True)
    for place, (axes, result) in enumerate(zip(panels, results, strict=True)):
        _panel(axes, result, false_alarm)
        if paper.narrow or place == 0:
            axes.set_ylabel("probability of success")
    paper.title(figure, "Real tickets follow the conditional product formula, and no other")
    paper.legend(figure, panels, 3)
    return figure


def _panel(axes: Axes, result: Mapping[str, Any], false_alarm: float) -> None:
    succeeded = np.cumsum(result["succeeded"])
    at = np.unique(np.geomspace(min(FIRST, succeeded.size), succeeded.size, POINTS).astype(int))
    limits = np.array([clopper_pearson(int(succeeded[k - 1]), int(k), 1.0 - false_alarm) for k in at])
    for model, colour in zip(result["models"], COLOURS[1:], strict=False):
        axes.axhspan(model["low"], model["high"], color=colour, alpha=0.2, linewidth=0)
        axes.axhline(model["p"], color=colour, linewidth=1.2, label=model["name"])
    axes.fill_between(at, limits[:, 0], limits[:, 1], color=GREY, alpha=0.25, linewidth=0,
                      label=f"exact limits, error {false_alarm:g} at each point")  # fmt: skip
    axes.plot(at, succeeded[at - 1] / at, color=COLOURS[0], linewidth=1.6, label="observed so far")
    axes.set(xscale="log", ylim=(-0.02, 1.0), xlabel="seeds")
    axes.set_title(result["case"]["name"], fontsize=8)


SUCCESS = Drawing(success)
