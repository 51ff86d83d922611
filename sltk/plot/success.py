"""How often a whole network is found in a source, against the size of its pools."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, Paper

COLUMNS = 2

Limits = tuple[float, float]


@dataclass(frozen=True)
class SuccessCurve:
    """Successes over seeds for several n, beside what is predicted.

    Attributes:
        label: names the kind of ticket.
        n: samples of a pool, increasing.
        observed: share of seeds that succeeded.
        interval: exact interval of each share.
        predicted: mean of these sources' own probabilities.
        predicted_interval: its interval, from the estimated factors.
    """

    label: str
    n: Sequence[int]
    observed: Sequence[float]
    interval: Sequence[Limits]
    predicted: Sequence[float]
    predicted_interval: Sequence[Limits]


def draw_success(curves: Sequence[SuccessCurve], seeds: int, confidence: float, paper: Paper) -> Figure:
    """One panel a kind: observed shares with exact intervals as marks, predictions as a line with its interval."""
    figure, panels = paper.panels(len(curves), COLUMNS, 2.1, sharex=True, sharey=True)
    for place, (axes, curve) in enumerate(zip(panels, curves, strict=True)):
        _draw_panel(axes, curve, seeds, confidence)
        lowest, first = paper.edges(place, len(curves), COLUMNS)
        axes.set_xlabel("n, samples of every pool" if lowest else "")
        axes.set_ylabel("success" if first else "")
    paper.title(figure, f"How often a source holds the whole network, over {seeds} sources")
    paper.legend(figure, panels, 1)
    return figure


def _draw_panel(axes: Axes, curve: SuccessCurve, seeds: int, confidence: float) -> None:
    low, high = zip(*curve.predicted_interval, strict=True)
    axes.plot(curve.n, curve.predicted, color=GREY, linewidth=1.2,
              label="predicted: mean of these sources' own probabilities")  # fmt: skip
    axes.fill_between(curve.n, low, high, color=GREY, alpha=0.25, linewidth=0,
                      label="its limits, from the sampled factors")  # fmt: skip
    below = [share - interval[0] for share, interval in zip(curve.observed, curve.interval, strict=True)]
    above = [interval[1] - share for share, interval in zip(curve.observed, curve.interval, strict=True)]
    axes.errorbar(
        curve.n, curve.observed, yerr=(below, above), fmt="o", color=COLOURS[0], elinewidth=1.0, capsize=2.5,
        label=f"observed share; bars: exact {confidence:.0%} interval (Clopper-Pearson) of {seeds} sources",
    )  # fmt: skip
    axes.set_ylim(-0.05, 1.05)
    axes.set_xticks(curve.n)
    axes.set_title(curve.label)
