"""Failures that were counted against those that were expected, one panel a construction."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import chi2

from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

NONE = 3e-3  # where what was never seen stands, on an axis that has no zero
CONFIDENCE = 0.95


def counts(document: Mapping[str, Any], paper: Paper) -> Figure:
    """A mark a layer, kind of problem and n; a ticket's mean failures upwards, their expectation to the right."""
    methods, seeds = document["methods"], document["seeds"]
    figure, panels = paper.panels(len(methods), 2, 3.4, sharex=True, sharey=True)
    ends = _ends([row for own in methods.values() for row in own["rows"]], seeds)
    for place, (axes, (method, own)) in enumerate(zip(panels, methods.items(), strict=True)):
        axes.plot(ends, ends, color=GREY, linewidth=0.9, label="as many as expected")
        _marks(axes, own["rows"], seeds)
        axes.set(xscale="log", yscale="log", title=method, xlim=ends, ylim=ends)
        axes.set_yticks([NONE, 0.1, 1.0, 10.0, 100.0], ["none", "0.1", "1", "10", "100"])
        axes.minorticks_off()
        lowest, first = paper.edges(place, len(methods), 2)
        axes.set_xlabel("expected failures of a ticket" if lowest else "")
        axes.set_ylabel(f"counted, mean of {seeds} tickets" if first else "")
    paper.title(figure, "Failures of real tickets by layer are as many as their marginals say; bars are 95% intervals")
    paper.legend(figure, panels, 4)
    return figure


def of_mean(count: int, seeds: int) -> tuple[float, float]:
    """Exact interval of the mean of a Poisson law, of ``seeds`` draws with ``count`` together.

    Source: Garwood (1936), as in any textbook; that failures are a Poisson law's is an approximation, and too narrow
    where problems share their samples.
    """
    tail = (1.0 - CONFIDENCE) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low / seeds, float(chi2.ppf(1.0 - tail, 2 * count + 2)) / 2 / seeds


def _marks(axes: Axes, rows: Sequence[Mapping[str, Any]], seeds: int) -> None:
    layers = sorted({row["stage"] for row in rows})
    for marker, n in zip(MARKERS, sorted({row["n"] for row in rows}), strict=False):
        for colour, layer in zip(COLOURS, layers, strict=False):
            own = [row for row in rows if (row["n"], row["stage"]) == (n, layer)]
            x, y = [max(NONE, row["expected"]) for row in own], [max(NONE, row["mean"]) for row in own]
            up = [of_mean(sum(row["observed"]), seeds) for row in own]
            bars = [[b - max(NONE, low) for b, (low, _) in zip(y, up, strict=True)],
                    [high - b for b, (_, high) in zip(y, up, strict=True)]]  # fmt: skip
            sides = [[a - max(NONE, row["low"]) for a, row in zip(x, own, strict=True)],
                     [max(NONE, row["high"]) - a for a, row in zip(x, own, strict=True)]]  # fmt: skip
            axes.errorbar(x, y, bars, sides, fmt=marker, color=colour, markersize=3.5, linewidth=0.7, alpha=0.85,
                          label=f"layer {layer}, n = {n}")  # fmt: skip


def _ends(rows: Sequence[Mapping[str, Any]], seeds: int) -> tuple[float, float]:
    most = max(of_mean(sum(row["observed"]), seeds)[1] for row in rows)
    return NONE / 1.5, 1.5 * max(most, *(row["high"] for row in rows))


COUNTS = Drawing(counts)
