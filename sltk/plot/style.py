"""One style for all figures, and what every figure file says about itself."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk import __version__
from sltk.core.files import write_atomic

# Okabe and Ito's palette, told apart by people with any common form of colour blindness; yellow is left out
# because it is hard to see on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#666666"

_SETTINGS: dict[Any, object] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "figure.constrained_layout.use": True,
}


@contextmanager
def styled() -> Iterator[None]:
    """The settings of all figures, for as long as a figure is drawn."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def sheet(width: float = 7.0, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty figure of ``width`` by ``height`` inches with one pair of axes."""
    # Made without pyplot: no window system, and no figure that is kept alive.
    figure = Figure(figsize=(width, height))
    return figure, figure.add_subplot()


def save(figure: Figure, path: Path, about: Mapping[str, object]) -> None:
    """Write ``figure`` as PNG, whole or not at all, with ``about`` and the version in its text chunks."""
    text = {"Software": f"sltk {__version__}", **{key: str(value) for key, value in about.items()}}
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata=text)
    write_atomic(path, data.getvalue())
