"""What a ticket owes to the step that it is rewound to: curves, barriers, overlap."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, Paper


def draw_rewinding(
    curves: Mapping[int, tuple[Sequence[int], Sequence[Sequence[float]]]],
    barriers: Mapping[str, Mapping[int, Sequence[float]]],
    iou: Mapping[int, tuple[Sequence[float], Sequence[float]]],
    note: str,
    paper: Paper,
) -> Figure:
    """Three panels against training step, and twice against rewinding step: means over seeds, and every seed as a mark.

    Args:
        curves: by rewinding step, the steps of the looks and ``[[validation loss by look] by seed]`` of the ticket.
        barriers: by kind, by rewinding step, the error barrier of every seed.
        iou: by rewinding step, overlap with the masks of the first step by seed, and what chance gives.
        note: heading.
        paper: what it is drawn on.
    """
    figure, (left, middle, right) = paper.panels(3, 3, 3.2)
    for place, (point, (steps, losses)) in enumerate(curves.items()):
        colour = COLOURS[place % len(COLOURS)]
        left.plot(steps, np.mean(losses, 0), color=colour, linewidth=1.1, label=f"rewound to {point}")
    left.set(xlabel="training step", ylabel="validation loss", title="When the ticket should stop")
    for place, (kind, found) in enumerate(barriers.items()):
        _marks(middle, {point: [100 * b for b in own] for point, own in found.items()}, place, kind)
    middle.set(xlabel="rewinding step", ylabel="error barrier, points", title="One basin, any order?")
    _marks(right, {point: own for point, (own, _) in iou.items()}, 0, "tickets")
    right.plot(range(len(iou)), [np.mean(c) for _, c in iou.values()], "--", color=GREY, label="chance")
    right.set(xlabel="rewinding step", ylabel="IoU", title=f"Overlap with the mask of step {min(iou)}")
    for axes in (left, middle, right):
        axes.legend(fontsize=7)
    paper.title(figure, note)
    return figure


def _marks(axes: Axes, found: Mapping[int, Sequence[float]], place: int, label: str) -> None:
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    axes.plot(range(len(found)), [np.mean(own) for own in found.values()], color=colour, linewidth=1.1, label=label)
    for at, own in enumerate(found.values()):
        axes.plot([at] * len(own), own, marker, color=colour, markersize=3, alpha=0.6, markeredgewidth=0)
    axes.set_xticks(range(len(found)), [str(point) for point in found])
