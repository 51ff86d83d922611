"""What was predicted of a ticket before it was built, what it came to, and what is proved of it."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, Drawing, Paper

SHOWN = {
    "predicted_error": ("predicted error", COLOURS[1], "o", "none"),
    "error": ("error met on the test images", COLOURS[0], "o", "full"),
    "bound": ("proved of all inputs", COLOURS[2], "s", "none"),
    "spread": ("range of the target's outputs", GREY, "|", "full"),
}


def errors(document: Mapping[str, Any], paper: Paper) -> Figure:
    """A line a ticket, errors to the right; the verdict and the answers that stay are written beside it."""
    rows = document["rows"]
    figure, axes = paper.sheet(1.4 + 0.36 * len(rows))
    for key, (label, colour, marker, fill) in SHOWN.items():
        axes.plot([row[key] for row in rows], range(len(rows)), marker, color=colour, fillstyle=fill, linestyle="",
                  markersize=9 if marker == "|" else 5, markeredgewidth=1.3, label=label)  # fmt: skip
    axes.set_yticks(range(len(rows)), [_named(row) for row in rows])
    axes.set(xscale="log", xlabel="largest absolute error of an output", ylim=(len(rows) - 0.4, -0.6))
    paper.title(figure, "Recipes that chose themselves, on networks that no recipe was tuned on")
    paper.legend(figure, [axes], 2)
    return figure


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['network']}, {row['method']}\n{row['word']}, {row['same']} of {row['rows']:,} the same"


ERRORS = Drawing(errors)
