"""How often a whole network is found in a source, against the size of its pools."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, styled

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


def draw_success(curves: Sequence[SuccessCurve], seeds: int, confidence: float) -> Figure:
    """One panel a kind: observed shares with exact intervals as marks, predictions as a line with its interval."""
    rows = -(-len(curves) // COLUMNS)
    with styled():
        figure = Figure(figsize=(7.4, 1.0 + 2.2 * rows))
        axes = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
        for place, panel in enumerate(axes.flat):
            if place >= len(curves):
                panel.set_visible(False)
                continue
            _draw_panel(panel, curves[place])
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        for panel in axes[-1]:
            panel.set_xlabel("n, samples of every pool")
        for panel in axes[:, 0]:
            panel.set_ylabel("probability of success")
        figure.suptitle(
            f"Success over {seeds} sources, with exact {confidence:.0%} intervals, and as predicted", fontsize=11
        )
    return figure


def _draw_panel(axes: Axes, curve: SuccessCurve) -> None:
    low, high = zip(*curve.predicted_interval, strict=True)
    axes.plot(curve.n, curve.predicted, color=GREY, linewidth=1.2, label="predicted")
    axes.fill_between(curve.n, low, high, color=GREY, alpha=0.25, linewidth=0, label="interval of the prediction")
    below = [share - interval[0] for share, interval in zip(curve.observed, curve.interval, strict=True)]
    above = [interval[1] - share for share, interval in zip(curve.observed, curve.interval, strict=True)]
    axes.errorbar(
        curve.n, curve.observed, yerr=(below, above), fmt="o", color=COLOURS[0], markersize=4.5,
        elinewidth=1.0, capsize=2.5, label="observed",
    )  # fmt: skip
    axes.set_ylim(-0.05, 1.05)
    axes.set_xticks(curve.n)
    axes.set_title(curve.label, fontsize=10)
