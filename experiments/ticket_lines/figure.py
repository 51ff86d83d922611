"""Error along the lines, and the factor by which a line between tickets that share nothing scales their function."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.ticket_lines.pairs import (
    ALIKE,
    APART,
    APART_ARC,
    BESIDE,
    DRAWN,
    FIRST,
    FOUND,
    KEPT,
    SCALED,
    SEEDS,
    SEEDS_MATCHED,
    SHUFFLED,
    TWO,
    TWO_MATCHED,
)
from experiments.ticket_lines.summary import of_kind
from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

TICKETS = (DRAWN, ALIKE, KEPT, APART, APART_ARC, FIRST, SCALED)
NETWORKS = (SEEDS, TWO, SHUFFLED, FOUND, SEEDS_MATCHED, TWO_MATCHED)
# Marks of those that lie on others: which has a line, and how large they are.
ON_OTHERS = {APART_ARC: (True, 8.0), FIRST: (True, 6.0), SCALED: (True, 3.0), TWO: (False, 7.0),
             TWO_MATCHED: (False, 7.0)}  # fmt: skip
FACTORS = {  # what the lemma says of the middle: kind, pair, power of (1-t)^2 + t^2
    "dense": (APART, 3), "conv": (APART, 3), "plus-one": (BESIDE, 1),
}  # fmt: skip
Rows = Sequence[Mapping[str, Any]]


def lines(document: Mapping[str, Any], paper: Paper) -> Figure:
    """Two panels a network: tickets of one target; networks, their tickets, and what searches found."""
    kinds = [kind for kind in ("dense", "conv") if of_kind(document["rows"], kind)]
    figure, panels = paper.panels(2 * len(kinds), 2, 2.5, sharey=True)
    for place, axes in enumerate(panels):
        kind, pairs = kinds[place // 2], (TICKETS, NETWORKS)[place % 2]
        rows = of_kind(document["rows"], kind)
        for number, pair in enumerate(pairs):
            if pair in rows[0]["error"]:
                _draw(axes, rows, "error", pair, 100.0, number + len(TICKETS) * (place % 2))
        last, first = paper.edges(place, len(panels), 2)
        what = ("tickets of one target", "two functions, or one in another order")[place % 2]
        axes.set(ylabel="test error, %" if first else "", xlabel="from the first to the second" if last else "")
        axes.set_title(f"{kind}: {what}")
    paper.title(figure, f"Error along paths of weights between two tickets, mean of {document['seeds']} seeds")
    paper.legend(figure, panels, 2)
    return figure


def factor(document: Mapping[str, Any], paper: Paper) -> Figure:
    """How far the outputs are from the target's; dotted, what the lemma says without the biases' own share."""
    figure, axes = paper.sheet(4.8 if paper.narrow else 3.2)  # the legend stands below
    for number, (kind, (pair, power)) in enumerate(FACTORS.items()):
        rows = of_kind(document["rows"], kind)
        if not rows:
            continue
        _draw(axes, rows, "off", pair, 1.0, number, f"{kind}, line")
        t = [k / 100 for k in range(101)]
        label = "1 - g, 1 - g³ with g = (1 - t)² + t²" if number == 0 else None
        axes.plot(t, [1.0 - ((1 - a) ** 2 + a**2) ** power for a in t], ":", color=GREY, linewidth=1.0, label=label)
    rows = of_kind(document["rows"], "dense")
    _draw(axes, rows, "off", APART_ARC, 1.0, len(FACTORS), "dense, arc")
    axes.set(xlabel="t, from the first ticket to the second", ylabel="distance from the function")
    paper.title(figure, "Two tickets of one function that share no neuron: a line loses scale, an arc does not")
    paper.legend(figure, [axes], 2)
    return figure


def _draw(axes: Axes, rows: Rows, measure: str, pair: str, unit: float, number: int, label: str | None = None) -> None:
    y = [unit * fmean(values) for values in zip(*(row[measure][pair] for row in rows), strict=True)]
    x = [k / (len(y) - 1) for k in range(len(y))]
    whole, size = (True, 4.0) if label else ON_OTHERS.get(pair, (True, 4.0))
    style = ("-" if number < len(COLOURS) else "--") if whole else "none"
    axes.plot(x, y, linestyle=style, color=COLOURS[number % len(COLOURS)], marker=MARKERS[number % len(MARKERS)],
              markersize=size, markerfacecolor="none" if size > 4.0 else None, linewidth=1.1,
              label=label or pair)  # fmt: skip


LINES, FACTOR = Drawing(lines), Drawing(factor)
