"""Bounds over the largest error found, one column a family: by intervals, by the relaxation, by bisection."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, MARKERS, save, styled

WAYS = {
    "intervals": "intervals",
    "relaxation": "differential relaxation",
    "bound": "certificate",
    "bisected": "bisected longer",
}


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """A mark a ticket, and the median as a line; 1 is the truth, or what was found of it."""
    rows, families = result["rows"], list(dict.fromkeys(r["kind"] for r in result["rows"]))
    with styled():
        figure = Figure(figsize=(7.0, 4.0))
        axes: Any = figure.subplots()
        for place, (key, label) in enumerate(WAYS.items()):
            for column, family in enumerate(families):
                seen = [r[key] / r["found"] for r in rows if r["kind"] == family and r[key] is not None]
                if not seen:
                    continue
                x = column + 0.2 * (place - 1.5)
                axes.plot([x] * len(seen), seen, MARKERS[place], color=COLOURS[place], markersize=3, linestyle="",
                          label=label if column == 0 else None)  # fmt: skip
                middle = sorted(seen)[len(seen) // 2]
                axes.plot([x - 0.08, x + 0.08], [middle, middle], color=COLOURS[place], linewidth=1.5)
        axes.axhline(1.0, color="0.5", linewidth=0.8)
        axes.set(yscale="log", ylabel="proved bound / largest error found")
        axes.set_xticks(range(len(families)), families, fontsize=8)
        axes.legend(fontsize=8)
        save(figure, path, about)
