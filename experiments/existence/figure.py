"""Success of small sources against n, eps, depth and width, beside the conditional product formula."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, MARKERS, save, styled

LABELS = {"n": "samples of a pool, n", "eps": "tolerance eps", "depth": "layers of the target", "width": "its width"}


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """One panel a sweep: frequencies with exact limits as marks, predictions as lines with their bands."""
    with styled():
        figure = Figure(figsize=(10.0, 7.2))
        panels = figure.subplots(2, 2, sharey=True)
        families = list(dict.fromkeys(row["family"] for row in result["rows"]))
        for axes, sweep in zip(panels.flat, LABELS, strict=True):
            for number, family in enumerate(families):
                rows = [r for r in result["rows"] if (r["family"], r["sweep"]) == (family, sweep)]
                x, colour = [r["value"] for r in rows], COLOURS[number]
                share = [r["share"] for r in rows]
                bars = [[r["share"] - r["interval"][0] for r in rows], [r["interval"][1] - r["share"] for r in rows]]
                axes.errorbar(x, share, bars, fmt=MARKERS[number], color=colour, markersize=4.5, capsize=2.5,
                              label=f"{family}, observed")  # fmt: skip
                axes.plot(x, [r["p"] for r in rows], color=colour, linewidth=1.0, label=f"{family}, predicted")
                axes.fill_between(x, [r["low"] for r in rows], [r["high"] for r in rows], color=colour, alpha=0.15,
                                  linewidth=0)  # fmt: skip
            axes.set_xlabel(LABELS[sweep])
            axes.set_ylim(-0.03, 1.03)
            if sweep in ("depth", "width"):
                axes.set_xticks(sorted({r["value"] for r in result["rows"] if r["sweep"] == sweep}))
        for axes in panels[:, 0]:
            axes.set_ylabel("share of sources without a failure")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(families))
        figure.suptitle(f"A random source holds a small network: {result['seeds']:,} sources a point, exact 99% limits")
        save(figure, path, {**about, "False alarm": result["false_alarm"]})
