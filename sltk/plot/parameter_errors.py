"""How far the effective parameters of tickets are from their targets, against the tolerance."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sltk.plot.style import COLOURS, GREY, sheet, styled

LINES = ("-", "--", "-.", ":")


def draw_parameter_errors(errors: Mapping[str, NDArray[np.float64]], tolerance: float) -> Figure:
    """The share of parameters with at most each error, one curve a kind of ticket.

    Args:
        errors: ``(count,)`` absolute errors by label.
        tolerance: drawn as a line; what lies to its right has failed.
    """
    with styled():
        figure, axes = sheet(7.4, 4.6)
        for place, (label, values) in enumerate(errors.items()):
            # Errors of exactly zero cannot stand on a logarithmic axis: they lift the curve's left end.
            ordered = np.sort(values)
            share = np.arange(1, ordered.size + 1) / ordered.size
            shown = ordered > 0
            beyond = int((values > tolerance * (1 + 1e-9)).sum())
            axes.step(
                ordered[shown],
                share[shown],
                where="post",
                color=COLOURS[place],
                linestyle=LINES[place % 4],
                label=f"{label}: {beyond:,} of {values.size:,} beyond the tolerance",
            )
        axes.axvline(tolerance, color=GREY, linewidth=1.0)
        axes.text(tolerance, 0.03, f" tolerance {tolerance:g}", color=GREY, ha="left", va="bottom")
        axes.set_xscale("log")
        axes.set_xlim(tolerance * 1e-5, tolerance * 12)
        axes.set_ylim(0.0, 1.02)
        axes.set_xlabel("|effective parameter - parameter of the target|")
        axes.set_ylabel("share of all parameters and copies")
        axes.set_title("How exactly the parameters were built")
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure
