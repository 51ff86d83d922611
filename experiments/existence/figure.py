"""Success of small sources against n, eps, depth and width, beside the conditional product formula."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, MARKERS, Drawing, Paper

LABELS = {"n": "samples of a pool, n", "eps": "tolerance eps", "depth": "layers of the target", "width": "its width"}
STYLES = "-", "-", (0, (4, 4))  # an identity skip asks for nothing: residual on dense, which shows between the dashes


def existence(result: Mapping[str, Any], paper: Paper) -> Figure:
    """One panel a sweep: frequencies with exact limits as marks, predictions as lines with their bands."""
    figure, panels = paper.panels(len(LABELS), 2, 2.5, sharey=True)
    families = list(dict.fromkeys(row["family"] for row in result["rows"]))
    for place, (axes, sweep) in enumerate(zip(panels, LABELS, strict=True)):
        for number, family in enumerate(families):
            _curve(axes, [r for r in result["rows"] if (r["family"], r["sweep"]) == (family, sweep)], family, number)
        axes.set_xlabel(LABELS[sweep])
        axes.set_ylim(-0.03, 1.03)
        if sweep == "eps":
            axes.set_xticks([0.05, 0.1, 0.15, 0.2])
        if sweep in ("depth", "width"):
            axes.set_xticks(sorted({r["value"] for r in result["rows"] if r["sweep"] == sweep}))
        if paper.narrow or place % 2 == 0:
            axes.set_ylabel("share without a failure")
    seeds = result["seeds"]
    paper.title(
        figure, f"How often a source holds a small network: {seeds:,} sources a point, 99% limits; bands: the formula's"
    )
    paper.legend(figure, panels, len(families))
    return figure


def _curve(axes: Axes, rows: list[Mapping[str, Any]], family: str, number: int) -> None:
    x, colour, share = [r["value"] for r in rows], COLOURS[number], [r["share"] for r in rows]
    bars = [[r["share"] - r["interval"][0] for r in rows], [r["interval"][1] - r["share"] for r in rows]]
    axes.errorbar(x, share, bars, fmt=MARKERS[number], color=colour, markersize=4, capsize=2.5,
                  label=f"{family}, observed")  # fmt: skip
    axes.plot(x, [r["p"] for r in rows], color=colour, linewidth=1.0, linestyle=STYLES[number],
              label=f"{family}, product formula")  # fmt: skip
    axes.fill_between(x, [r["low"] for r in rows], [r["high"] for r in rows], color=colour, alpha=0.15, linewidth=0)


EXISTENCE = Drawing(existence)
