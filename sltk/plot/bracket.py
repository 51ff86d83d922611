"""The true error of a ticket between what was found and what is proved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, Paper

PARTS = (("on the test data", "data"), ("found by search", "adversarial"), ("proved bound", "certified"))


@dataclass(frozen=True)
class Bracket:
    """Errors of several tickets of one kind, one entry a seed.

    Attributes:
        label: names the kind.
        data: largest output error on the data.
        adversarial: largest output error that a search over the domain found.
        certified: proved bound of the output error over the domain.
        largest: largest output of the target, the scale of all three; ``None`` to leave it out.
    """

    label: str
    data: Sequence[float]
    adversarial: Sequence[float]
    certified: Sequence[float]
    largest: float | None = None


def draw_brackets(brackets: Sequence[Bracket], paper: Paper) -> Figure:
    """One row a kind: errors of every seed on a logarithmic axis; a bar spans what is not known of the worst one."""
    figure, axes = paper.sheet(1.9 + 0.62 * len(brackets))
    for row, bracket in enumerate(brackets):
        low, high = max(bracket.adversarial), max(bracket.certified)
        axes.plot([low, high], [row, row], color=GREY, linewidth=9, alpha=0.22, solid_capstyle="butt", zorder=0,
                  label="the largest error of the worst seed is in here" if row == 0 else None)  # fmt: skip
        for part, (label, name) in enumerate(PARTS):
            values = np.asarray(getattr(bracket, name), dtype=float)
            # Each sort keeps to its own band, so that none hides another where they agree.
            spread = 0.22 * (part - 1) + np.linspace(-0.07, 0.07, len(values))
            axes.plot(
                values, row + spread, MARKERS[part], color=COLOURS[part], markersize=4, alpha=0.8, markeredgewidth=0,
                label=f"{label}, a mark a seed" if row == 0 else None,
            )  # fmt: skip
        if bracket.largest is not None:
            label = "largest output of the target" if row == 0 else None
            axes.plot([bracket.largest], [row], "|", color="black", markersize=13, label=label)
    axes.set_xscale("log")
    axes.set_yticks(range(len(brackets)), [b.label for b in brackets])
    axes.set_ylim(len(brackets) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("largest error of an output")
    paper.title(figure, "The largest error lies between what a search found and what is proved")
    paper.legend(figure, [axes], 2)
    return figure
