"""The true error of a ticket between what was found and what is proved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, sheet, styled


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


def draw_brackets(brackets: Sequence[Bracket]) -> Figure:
    """One row a kind: data, adversarial and certified errors of every seed on a logarithmic axis."""
    parts = (("on the test data", "data"), ("found by search", "adversarial"), ("proved bound", "certified"))
    with styled():
        figure, axes = sheet(7.4, 1.5 + 0.62 * len(brackets))
        for row, bracket in enumerate(brackets):
            low, high = float(np.median(bracket.data)), float(np.median(bracket.certified))
            axes.plot([low, high], [row, row], color=GREY, linewidth=0.8, zorder=1)
            for part, (label, name) in enumerate(parts):
                values = np.asarray(getattr(bracket, name), dtype=float)
                # Each sort keeps to its own band, so that none hides another where they agree.
                spread = 0.17 * (part - 1) + np.linspace(-0.07, 0.07, len(values))
                axes.plot(
                    values, row + spread, MARKERS[part], color=COLOURS[part], markersize=4.5, alpha=0.8,
                    markeredgewidth=0, label=label if row == 0 else None,
                )  # fmt: skip
            if bracket.largest is not None:
                label = "largest target output" if row == 0 else None
                axes.plot([bracket.largest], [row], "|", color=GREY, markersize=14, label=label)
        axes.set_xscale("log")
        axes.set_yticks(range(len(brackets)), [b.label for b in brackets])
        axes.set_ylim(len(brackets) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("largest error of an output (one mark a seed)")
        axes.set_title("The largest error lies between what a search found and what is proved")
        figure.legend(loc="outside lower center", ncols=4, columnspacing=1.4, handletextpad=0.4)
    return figure
