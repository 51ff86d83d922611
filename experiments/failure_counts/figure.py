"""Failures that were counted against those that were expected, one panel a construction."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import chi2

from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

NONE = 3e-3  # where what was never seen stands, on an axis that has no zero
TICKS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
CONFIDENCE = 0.95


def counts(document: Mapping[str, Any], paper: Paper) -> Figure:
    """A mark a layer, kind of problem and n; a ticket's mean failures upwards, their expectation to the right.

    Left out is what was not seen, and was not to be expected either: less than ``NONE`` a ticket.
    """
    methods, seeds = document["methods"], document["seeds"]
    figure, panels = paper.panels(len(methods), 2, 3.4, sharex=True, sharey=True)
    shown = {method: [row for row in own["rows"] if _told(row)] for method, own in methods.items()}
    ends = _ends([row for rows in shown.values() for row in rows], seeds)
    for place, (axes, (method, rows)) in enumerate(zip(panels, shown.items(), strict=True)):
        axes.plot(ends, ends, color=GREY, linewidth=0.9, label="as many as expected")
        _marks(axes, rows, seeds)
        axes.set(xscale="log", yscale="log", title=method, xlim=ends, ylim=ends)
        ticks = [tick for tick in TICKS if tick < ends[1]]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_yticks([NONE, *ticks], ["none", *(f"{tick:g}" for tick in ticks)])
        axes.minorticks_off()
        lowest, first = paper.edges(place, len(methods), 2)
        axes.set_xlabel("expected failures of a ticket" if lowest else "")
        axes.set_ylabel(f"counted, mean of {seeds} tickets" if first else "")
    paper.title(figure, "Failures of real tickets by layer, counted and expected; bars are 95% intervals")
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


def _told(row: Mapping[str, Any]) -> bool:
    return row["expected"] >= NONE or row["mean"] > 0


def _marks(axes: Axes, rows: Sequence[Mapping[str, Any]], seeds: int) -> None:
    """Colours are layers, marks are n, said apart so that the legend stays short."""
    layers, sizes = (sorted({row[name] for row in rows}) for name in ("stage", "n"))
    for colour, layer in zip(COLOURS, layers, strict=False):
        axes.plot([], [], "_", color=colour, markersize=9, markeredgewidth=2, label=f"layer {layer}")
        for marker, n in zip(MARKERS, sizes, strict=False):
            own = [row for row in rows if (row["n"], row["stage"]) == (n, layer)]
            _bars(axes, own, seeds, marker, colour)
    for marker, n in zip(MARKERS, sizes, strict=False):
        axes.plot([], [], marker, color=GREY, markersize=4, label=f"n = {n}")


def _bars(axes: Axes, rows: Sequence[Mapping[str, Any]], seeds: int, marker: str, colour: str) -> None:
    x, y = ([max(NONE, row[name]) for row in rows] for name in ("expected", "mean"))
    across = _sides(x, [(row["low"], row["high"]) for row in rows])
    up = _sides(y, [of_mean(sum(row["observed"]), seeds) for row in rows])
    axes.errorbar(x, y, up, across, fmt=marker, color=colour, markersize=3.5, linewidth=0.7, alpha=0.85)


def _sides(at: Sequence[float], ends: Sequence[tuple[float, float]]) -> list[list[float]]:
    """Lengths of the bars to both sides, within the axis."""
    low = [max(0.0, middle - max(NONE, end)) for middle, (end, _) in zip(at, ends, strict=True)]
    return [low, [max(0.0, end - middle) for middle, (_, end) in zip(at, ends, strict=True)]]


def _ends(rows: Sequence[Mapping[str, Any]], seeds: int) -> tuple[float, float]:
    most = max(of_mean(sum(row["observed"]), seeds)[1] for row in rows)
    return NONE / 1.5, 1.5 * max(most, *(row["high"] for row in rows))


COUNTS = Drawing(counts)
