"""Errors against depth, one panel a target: found as marks, proved as lines, the largest output as a grey one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, MARKERS, save, styled


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Worst over seeds. Where a bound lies above the grey line it says less than that line does."""
    rows = result["rows"]
    kinds = list(dict.fromkeys((r["activation"], r["skips"]) for r in rows))
    with styled():
        figure = Figure(figsize=(3.6 * (len(kinds) // 2), 6.4))
        panels = figure.subplots(2, len(kinds) // 2, sharex=True, sharey=True, squeeze=False)
        for axes, (activation, skips) in zip(panels.T.flat, kinds, strict=True):
            own = [r for r in rows if (r["activation"], r["skips"]) == (activation, skips)]
            for place, source in enumerate(dict.fromkeys(r["source"] for r in own)):
                _curves(axes, [r for r in own if r["source"] == source], source, place)
            depths = sorted({r["layers"] for r in own})
            largest = [max(r["largest"] for r in own if r["layers"] == d) for d in depths]
            axes.plot(depths, largest, color="0.5", linewidth=2.5, alpha=0.5, label="largest output")
            axes.set(yscale="log", ylim=(1e-6, 1e8), title=f"{activation}{', skips' if skips else ''}")
        for axes in panels[-1]:
            axes.set_xlabel("layers before the readout")
        for axes in panels[:, 0]:
            axes.set_ylabel("error of the output")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
        save(figure, path, about)


def _curves(axes: Any, rows: list[dict[str, Any]], source: str, place: int) -> None:
    depths = sorted({r["layers"] for r in rows})
    worst = {
        key: [max(r[key] for r in rows if r["layers"] == d) for d in depths]
        for key in ("attack", "certificate", "a_priori")
    }
    colour = COLOURS[place]
    axes.plot(depths, worst["attack"], MARKERS[place], color=colour, linestyle="-", linewidth=0.8, markersize=4,
              label=f"{source}: found")  # fmt: skip
    axes.plot(depths, worst["certificate"], color=colour, linestyle="--", linewidth=0.9, label=f"{source}: certified")
    axes.plot(depths, worst["a_priori"], color=colour, linestyle=":", linewidth=0.9, label=f"{source}: a priori")
