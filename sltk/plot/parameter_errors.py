"""How far the effective parameters of tickets are from their targets, against the tolerance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sltk.plot.style import COLOURS, GREY, Paper

GRID = np.geomspace(1e-3, 1e3, 241)  # errors over the tolerance at which parameters are counted


@dataclass(frozen=True)
class ErrorCounts:
    """Errors of the parameters of one kind of ticket, counted.

    Attributes:
        label: names the kind.
        total: parameters, all copies among them.
        above: how many have an error above each of ``GRID`` times the tolerance.
        beyond: how many failed: their error is above the tolerance, rounding aside.
        largest: error of all.
    """

    label: str
    total: int
    above: Sequence[int]
    beyond: int
    largest: float


def counted(label: str, errors: NDArray[np.float64], tolerance: float) -> ErrorCounts:
    """The counts of ``errors``, ``(count,)`` absolute ones."""
    ordered = np.sort(errors)
    above = ordered.size - np.searchsorted(ordered, GRID * tolerance, side="right")
    beyond = int((ordered > tolerance * (1 + 1e-9)).sum())
    return ErrorCounts(label, int(ordered.size), above.tolist(), beyond, float(ordered[-1]))


def draw_parameter_errors(kinds: Sequence[ErrorCounts], tolerance: float, paper: Paper) -> Figure:
    """One panel a kind: the share of its parameters above each error, down to the worst one, which is named."""
    figure, panels = paper.panels(len(kinds), 2, 2.2, sharex=True, sharey=True)
    for place, (axes, kind) in enumerate(zip(panels, kinds, strict=True)):
        above = np.asarray(kind.above)
        seen = above > 0
        axes.step(GRID[seen] * tolerance, above[seen] / kind.total, where="post", color=COLOURS[0],
                  label="share of the parameters with a larger error")  # fmt: skip
        axes.plot([kind.largest], [1.0 / kind.total], "o", color=COLOURS[1], label="the worst parameter")
        axes.annotate(f"{kind.largest:.3g}", (kind.largest, 1.0 / kind.total), (5, 3), textcoords="offset points",
                      fontsize=7.5, color=COLOURS[1])  # fmt: skip
        axes.axvline(tolerance, color=GREY, linewidth=1.0, linestyle="--", label=f"tolerance {tolerance:g}")
        failed = "none failed" if kind.beyond == 0 else f"{kind.beyond:,} failed"
        axes.set_title(f"{kind.label}: {failed} of {kind.total:,}")
        axes.set(xscale="log", yscale="log", xlim=(tolerance * 1e-3, 12 * max(k.largest for k in kinds)))
        axes.set_ylim(0.3 / max(k.total for k in kinds), 2.0)
        lowest, first = paper.edges(place, len(kinds), 2)
        axes.set_xlabel("|built parameter - parameter of the target|" if lowest else "")
        axes.set_ylabel("share above" if first else "")
    paper.title(figure, "How exactly the parameters were built; those that failed are right of the dashes")
    paper.legend(figure, panels, 3)
    return figure
