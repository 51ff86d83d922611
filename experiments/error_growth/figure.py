"""Errors over the largest output against depth, one panel a source and sort of target."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

LEAST = 1e-6


def growth(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Worst over seeds. Above 1, an error is larger than what the network says, and a bound says nothing."""
    rows = result["rows"]
    sources = list(dict.fromkeys(r["source"] for r in rows))
    kinds = [(skips, source) for skips in (False, True) for source in sources]
    figure, panels = paper.panels(len(kinds), len(sources), 2.4, sharex=True, sharey=True)
    for place, (axes, (skips, source)) in enumerate(zip(panels, kinds, strict=True)):
        own = [r for r in rows if (r["skips"], r["source"]) == (skips, source)]
        for number, activation in enumerate(dict.fromkeys(r["activation"] for r in own)):
            _curves(axes, [r for r in own if r["activation"] == activation], activation, number)
        axes.axhline(1.0, color=GREY, linewidth=1.0, label="as large as the output")
        axes.set(yscale="log", title=f"{source}, {'skips' if skips else 'chain'}")
        lowest, first = paper.edges(place, len(kinds), len(sources))
        axes.set_xlabel("layers before the readout" if lowest else "")
        axes.set_ylabel("error / largest output" if first else "")
    paper.title(figure, f"How the error of a ticket grows with depth: worst of {result['seeds']} sources")
    paper.legend(figure, panels, 4)
    return figure


def _curves(axes: Axes, rows: Sequence[Mapping[str, Any]], activation: str, place: int) -> None:
    depths = sorted({r["layers"] for r in rows})
    worst = {key: [relative(rows, key, depth) for depth in depths] for key in ("attack", "certificate")}
    colour = COLOURS[place]
    axes.plot(depths, worst["attack"], MARKERS[place], color=colour, linestyle="-", linewidth=1.0, markersize=3.5,
              label=f"{activation}: found")  # fmt: skip
    axes.plot(depths, worst["certificate"], color=colour, linestyle="--", linewidth=1.0,
              label=f"{activation}: certified")  # fmt: skip
    axes.fill_between(depths, worst["attack"], worst["certificate"], color=colour, alpha=0.08, linewidth=0)


def relative(rows: Sequence[Mapping[str, Any]], key: str, depth: int) -> float:
    """Largest error of this sort at ``depth`` over the largest output of the target there."""
    own = [r for r in rows if r["layers"] == depth]
    return max(LEAST, max(r[key] for r in own) / max(r["largest"] for r in own))


GROWTH = Drawing(growth)
