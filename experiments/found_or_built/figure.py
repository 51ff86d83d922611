"""Accuracy against density: tickets that are built, and those that a search of the same sources finds."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.found_or_built.summary import COLD, RANDOM, UNSCALED, WARM, levels, runs
from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper


def crossing(document: Mapping[str, Any], paper: Paper) -> Figure:
    """Means, with the range of the sources; a dotted line where both cross."""
    rows, own, first = document["rows"], document["own"], document["first"]
    figure, axes = paper.sheet(3.6)
    built = [
        (sum(one["kept"].values()) / one["weights"], one["test"], where)
        for where in levels(rows) if where[1] == 1
        for one in (r["built"] for r in rows if (r["density"], r["factor"]) == where and r["seed"] >= first)
    ]  # fmt: skip
    _draw(axes, 0, "built by subset sums", _by_level(built))
    for number, way in enumerate((COLD, WARM, UNSCALED, RANDOM), 1):
        found = [
            (one["kept"] / rows[0]["built"]["weights"], one["test"], where)
            for where in levels(rows)
            for one in runs(rows, own, way, where, first)
        ]
        _draw(axes, number, way, _by_level(found))
    if document["crossing"] is not None:
        axes.axvline(
            document["crossing"]["density"], color=GREY, linestyle=":", linewidth=1.0, label="search reaches built"
        )
    axes.set(xscale="log", xlabel="density (kept fraction of the source's weights)", ylabel="test accuracy, %")
    paper.title(figure, f"Tickets of one source, found or built: {document['seeds']} sources, mean and range")
    paper.legend(figure, [axes], 3)
    return figure


def _by_level(found: Sequence[tuple[float, float, Any]]) -> list[tuple[float, list[float]]]:
    places = dict.fromkeys(where for _, _, where in found)
    each = [[(x, y) for x, y, own in found if own == where] for where in places]
    return sorted((fmean(x for x, _ in one), [100.0 * y for _, y in one]) for one in each)


def _draw(axes: Axes, number: int, label: str, found: Sequence[tuple[float, list[float]]]) -> None:
    if not found:
        return
    x, y = [x for x, _ in found], [fmean(values) for _, values in found]
    spread = [
        [m - min(v) for m, (_, v) in zip(y, found, strict=True)],
        [max(v) - m for m, (_, v) in zip(y, found, strict=True)],
    ]
    axes.errorbar(
        x, y, yerr=spread, color=COLOURS[number], marker=MARKERS[number], capsize=2, linewidth=1.1, label=label
    )


CROSSING = Drawing(crossing)
