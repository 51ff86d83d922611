"""Bounds over the largest error found, one column a family: by intervals, by the relaxation, by bisection."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

WAYS = {
    "intervals": "intervals",
    "relaxation": "differential relaxation",
    "bound": "certificate",
    "bisected": "bisected longer",
}


def ratios(result: Mapping[str, Any], paper: Paper) -> Figure:
    """A mark a ticket, the median as a line, what is asked of it dotted; 1 is the truth, or what was found of it.

    Of tickets whose domain was bisected for 30 s the half is asked, which is drawn over their marks alone.
    """
    rows, families = result["rows"], list(dict.fromkeys(r["kind"] for r in result["rows"]))
    figure, axes = paper.sheet(4.0)
    for place, (key, label) in enumerate(WAYS.items()):
        named = False
        for column, family in enumerate(families):
            seen = [r[key] / r["found"] for r in rows if r["kind"] == family and r[key] is not None]
            if not seen:
                continue
            x = column + 0.2 * (place - 1.5)
            said = f"bisected for {result['bisection']:g} s" if key == "bisected" else label
            axes.plot([x] * len(seen), seen, MARKERS[place], color=COLOURS[place], markersize=3, linestyle="",
                      label=None if named else said)  # fmt: skip
            named, middle = True, median(seen)
            axes.plot([x - 0.08, x + 0.08], [middle, middle], color=COLOURS[place], linewidth=1.5)
    _asked(axes, result["asked"], rows, families)
    axes.axhline(1.0, color=GREY, linewidth=0.8)
    axes.set(yscale="log", ylabel="proved bound / largest error found")
    axes.set_xticks(range(len(families)), [family.replace(", ", ",\n") for family in families])
    axes.grid(visible=False, axis="x")
    paper.title(figure, "How far proved bounds are above the errors found; medians are bars, dotted what is asked, "
                "half of it after 30 s of bisection")  # fmt: skip
    paper.legend(figure, [axes], 4)
    return figure


def _asked(axes: Axes, asked: Mapping[str, float], rows: Sequence[Mapping[str, Any]], families: Sequence[str]) -> None:
    """Dots at what is asked of the medians of certificates, and half of it after longer bisection."""
    for column, family in enumerate(families):
        longer = any(r["kind"] == family and r["bisected"] is not None for r in rows)
        for place, share in ((2, 1.0), (3, 0.5)) if longer else ((2, 1.0),):
            ends = [column + 0.2 * (place - 1.5) + side for side in (-0.1, 0.1)]
            axes.plot(ends, [asked[family] * share] * 2, color=GREY, linewidth=1.2, linestyle=":")


RATIOS = Drawing(ratios)
