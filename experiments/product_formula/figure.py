"""The running success frequency of real tickets beside what each formula predicts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.core.statistics.stats import clopper_pearson
from sltk.plot.style import COLOURS, GREY, save, styled

POINTS = 60
FIRST = 100  # seeds at which the running frequency starts


def draw(document: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """One panel a case: the frequency after k seeds with exact limits, and each model with its interval."""
    results, false_alarm = document["cases"], document["false_alarm"]
    with styled():
        figure = Figure(figsize=(4.0 * len(results) + 0.6, 4.2))
        panels = np.atleast_1d(figure.subplots(1, len(results)))
        for axes, result in zip(panels, results, strict=True):
            _panel(axes, result, false_alarm)
        panels[0].set_ylabel("probability of success")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        figure.suptitle("Real tickets follow the conditional product formula", fontsize=11)
        save(figure, path, {**about, "False alarm": false_alarm})


def _panel(axes: Axes, result: Mapping[str, Any], false_alarm: float) -> None:
    succeeded = np.cumsum(result["succeeded"])
    at = np.unique(np.geomspace(min(FIRST, succeeded.size), succeeded.size, POINTS).astype(int))
    limits = np.array([clopper_pearson(int(succeeded[k - 1]), int(k), 1.0 - false_alarm) for k in at])
    for model, colour in zip(result["models"], COLOURS[1:], strict=False):
        axes.axhspan(model["low"], model["high"], color=colour, alpha=0.2, linewidth=0)
        axes.axhline(model["p"], color=colour, linewidth=1.2, label=model["name"])
    axes.fill_between(at, limits[:, 0], limits[:, 1], color=GREY, alpha=0.25, linewidth=0,
                      label=f"exact limits, error {false_alarm:g} at each point")  # fmt: skip
    axes.plot(at, succeeded[at - 1] / at, color=COLOURS[0], linewidth=1.6, label="observed frequency")
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.0)
    axes.set_xlabel("seeds")
    axes.set_title(result["case"]["name"], fontsize=10)
