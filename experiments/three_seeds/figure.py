"""Accuracy of tickets that random numbers write against the random bits they take, one panel a basis."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from matplotlib.figure import Figure

from experiments.three_seeds.resum import SUMS
from experiments.three_seeds.summary import random_bits, written
from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper


def bits(document: Mapping[str, Any], paper: Paper) -> Figure:
    """One line a density; what the trained ticket has is a dotted line."""
    found, densities = document["found"], document["written"]
    figure, panels = paper.panels(len(found), 2, 2.8, sharey=True)
    for axes, (basis, outputs) in zip(panels, found.items(), strict=True):
        for number, density in enumerate(densities):
            entries = sorted((one for one in written(outputs, SUMS) if one["density"] == density), key=lambda o: o["n"])
            x = [fmean(random_bits(one)) for one in entries]
            y = [100.0 * fmean(one["accuracy"]) for one in entries]
            axes.plot(x, y, color=COLOURS[number], marker=MARKERS[number], markersize=3, linewidth=1.1,
                      label=f"density {density:g}")  # fmt: skip
            axes.axhline(100.0 * fmean(outputs["trained"][f"{density:g}"]), color=COLOURS[number], linestyle=":",
                         linewidth=0.8)  # fmt: skip
        axes.plot([], [], ":", color=GREY, label="the trained ticket")
        axes.set(xscale="log", xlabel="random bits", ylabel="test accuracy, %", title=basis)
    about = f"mean of {document['seeds']} seeds"
    paper.title(figure, f"Tickets of 64-100-60-10 on digits, every kept number a subset sum of random ones: {about}")
    paper.legend(figure, panels, 3)
    return figure


BITS = Drawing(bits)
