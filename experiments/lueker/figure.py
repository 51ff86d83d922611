"""Measured sizes with their intervals, a straight line through them, and what is proved; the control beside them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

NAMES = {"all": "measured, all subsets", "pairs": "measured, at most two samples (control)"}


def sizes(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Mean least size against ln(1/eps): left all subsets among what is proved, right beside the control."""
    x, (every, pairs) = np.array(result["x"]), result["kinds"]
    figure, panels = paper.panels(2, 2, 3.2)
    left, right = panels
    _measured(left, x, every, 0)
    mean = np.array(every["sizes"])[:, 0]
    line = np.polyfit(x, mean, 1)
    left.plot(x, np.polyval(line, x), color=COLOURS[0], linewidth=1.0,
              label=f"line through them: {line[0]:.2f} ln(1/eps) {line[1]:+.2f}")  # fmt: skip
    left.plot(x, result["proved"]["closed form"], color=GREY, linestyle="--",
              label=f"proved to be enough, delta {result['delta']:g}")  # fmt: skip
    left.step(x, result["proved"]["floor"], where="mid", color=GREY, linewidth=1.0, label="proved to be needed")
    left.set(title="All subsets, and what is proved", ylim=(0.0, None))
    _measured(right, x, every, 0)
    _measured(right, x, pairs, 1)
    right.set(title="Control: subsets of two fall behind", ylim=(0.0, None))
    for axes in panels:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.set(xlabel="ln(1/eps)", ylabel="samples of the pool")
    about = f"mean of {result['trials']:,} pools, {result['confidence']:.0%} intervals"
    paper.title(figure, f"Least pool that covers [-1/2, 1/2]: {about}")
    paper.legend(figure, panels, 2)
    return figure


def _measured(axes: Axes, x: np.ndarray, kind: Mapping[str, Any], number: int) -> None:
    mean, low, high = np.array(kind["sizes"]).T
    axes.errorbar(x, mean, yerr=(mean - low, high - mean), fmt=MARKERS[number], color=COLOURS[number], capsize=2.5,
                  label=NAMES[kind["subsets"]])  # fmt: skip


SIZES = Drawing(sizes)
