"""What a ticket loses and wins against its target, draw by draw, and what it costs."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from experiments.paper_tickets.summary import difference
from sltk.plot.style import COLOURS, GREY, MARKERS, Drawing, Paper

METHODS = ("plus-one", "two-layer", "plus-one, few scales")

TICKS = (-80, -20, -5, -2, -1, 0, 1, 2)


def tickets(result: Mapping[str, Any], paper: Paper) -> Figure:
    """One panel of accuracy of ticket minus target in points, one of parameters."""
    rows, found = result["rows"], result["summaries"]
    places = {key: place for place, key in enumerate(_kinds(found))}
    figure, panels = paper.panels(2, 2, 1.0 + 0.5 * len(places), sharey=True)
    _differences(panels[0], rows, places)
    _sizes(panels[1], found, places)
    for axes in panels if paper.narrow else panels[:1]:
        axes.set_yticks(list(places.values()), [f"{target}, {phi}" for target, phi in places])
    panels[0].set_ylim(len(places) - 0.5, -0.5)
    paper.title(figure, "What tickets lose and win against their targets, draw by draw, and what they cost")
    paper.legend(figure, panels[:1], 3)
    return figure


def _kinds(found: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((s["target"], s["activation"]) for s in found))


def _differences(axes: Any, rows: list[Mapping[str, Any]], places: Mapping[tuple[str, str], int]) -> None:
    draws = max(r["draw"] for r in rows)
    for number, method in enumerate(METHODS):
        own = [r for r in rows if r["construction"] == method]
        if not own:
            continue
        at = [places[r["target"], r["activation"]] + _shift(number, r["draw"], draws) for r in own]
        centre = [100 * (r["won"] - r["lost"]) / r["rows"] for r in own]
        ends = [difference(r["lost"], r["won"], r["rows"]) for r in own]
        spans = [[c - 100 * e.low for c, e in zip(centre, ends, strict=True)],
                 [100 * e.high - c for c, e in zip(centre, ends, strict=True)]]  # fmt: skip
        axes.errorbar(centre, at, xerr=spans, fmt=MARKERS[number], color=COLOURS[number], markersize=3,
                      linewidth=0.8, label=method)  # fmt: skip
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_xscale("symlog", linthresh=2.0)
    axes.set_xticks(TICKS, [str(tick) for tick in TICKS])
    axes.set_xticks([], minor=True)
    axes.set_xlim(min(-4.0, *(1.2 * 100 * difference(r["lost"], r["won"], r["rows"]).low for r in rows)), 4.0)
    axes.set_xlabel("accuracy minus target, points\nlog beyond 2, 95% intervals")
    axes.set_title("What is lost or won")


def _shift(number: int, draw: int, draws: int) -> float:
    return -0.27 + 0.27 * number + 0.2 * ((draw - 0.5) / draws - 0.5)


def _sizes(axes: Any, found: list[Mapping[str, Any]], places: Mapping[tuple[str, str], int]) -> None:
    for number, method in enumerate(METHODS):
        own = [s for s in found if s["construction"] == method]
        at = [places[s["target"], s["activation"]] + _shift(number, 1, 1) for s in own]
        colour, marker = COLOURS[number], MARKERS[number]
        sizes = {"target": [s["target_parameters"] for s in own], "kept": [s["kept"]["mean"] for s in own],
                 "source": [s["source"] for s in own]}  # fmt: skip
        for y, low, high in zip(at, sizes["target"], sizes["source"], strict=True):
            axes.plot([low, high], [y, y], color=colour, linewidth=0.6)
        axes.plot(sizes["target"], at, "|", color=colour, markersize=7)
        axes.plot(sizes["kept"], at, marker, color=colour, markersize=4)
        axes.plot(sizes["source"], at, marker, color=colour, markersize=5, fillstyle="none")
    axes.set_xscale("log")
    axes.set_xlabel("parameters\nbar: target, filled: ticket, hollow: source")
    axes.set_title("What it costs")


TICKETS = Drawing(tickets)
