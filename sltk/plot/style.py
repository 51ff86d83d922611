"""One style for all figures: two widths, three formats, and what every file says about itself."""

import io
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sltk import __version__
from sltk.core.about import About
from sltk.core.files import write_atomic

# Okabe and Ito's palette, told apart by people with any common form of colour blindness; yellow is left out
# because it is hard to see on white. Marks differ too, so that a figure survives a grey printer.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#666666"
SUFFIXES = (".pdf", ".svg", ".png")

_SETTINGS: dict[Any, object] = {
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.markersize": 4.5,
    "figure.dpi": 150,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,  # TrueType, embedded: publishers refuse the default's Type 3
    "svg.fonttype": "path",  # outlines: the same letters wherever it is opened
    "svg.hashsalt": "sltk",  # the same figure, the same bytes
}


@contextmanager
def styled() -> Iterator[None]:
    """The settings of all figures, for as long as a figure is drawn."""
    with matplotlib.rc_context(_SETTINGS):
        yield


@dataclass(frozen=True)
class Paper:
    """What a figure is drawn on: a page's width or a column's, in inches."""

    name: str
    width: float

    @property
    def narrow(self) -> bool:
        """Whether it is a column: panels stand under one another, legends have fewer columns."""
        return self.width < 5.0

    def sheet(self, height: float = 3.6) -> tuple[Figure, Axes]:
        """One pair of axes; ``height`` in inches is that of a page, and three quarters of it that of a column."""
        # Made without pyplot: no window system, and no figure that is kept alive.
        figure = Figure(figsize=(self.width, 0.75 * height if self.narrow else height))
        return figure, figure.add_subplot()

    def panels(self, count: int, across: int, height: float = 2.6, **shared: Any) -> tuple[Figure, list[Axes]]:
        """``count`` panels of ``height`` inches, ``across`` in a row of a page, one in a row of a column."""
        across = 1 if self.narrow else min(across, count)
        down = -(-count // across)
        each = 0.75 * height if self.narrow else height
        figure = Figure(figsize=(self.width, each * down + 0.6))
        axes = list(figure.subplots(down, across, squeeze=False, **shared).flat)
        for empty in axes[count:]:
            empty.set_visible(False)
        return figure, axes[:count]

    def edges(self, place: int, count: int, across: int) -> tuple[bool, bool]:
        """Whether a panel is the lowest of its column, and the first of its row: those that name shared axes."""
        across = 1 if self.narrow else min(across, count)
        return place + across >= count, place % across == 0

    def title(self, figure: Figure, text: str) -> None:
        """A heading, in as many lines as the width asks for."""
        lines = textwrap.fill(text, int(self.width * 13))
        figure.suptitle(lines, fontsize=9.5, x=0.01, ha="left", fontweight="bold")

    def legend(self, figure: Figure, axes: Sequence[Axes], across: int = 3) -> None:
        """One legend of all panels, below them, where it covers nothing."""
        found: dict[str, Any] = {}
        for one in axes:
            for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
                found.setdefault(label, handle)
        columns = 1 if self.narrow else across
        figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=columns, columnspacing=1.4)


PAGE, COLUMN = Paper("page", 7.0), Paper("column", 3.4)
PAPERS = (PAGE, COLUMN)


@dataclass(frozen=True)
class Drawing:
    """A figure as it is published: from a document, at both widths, in all formats.

    Attributes:
        figure: draws a document on a paper; the numbers drawn are the document's.
    """

    figure: Callable[[Mapping[str, Any], Paper], Figure]

    def __call__(self, document: Mapping[str, Any], path: Path, about: About) -> None:
        """Write ``path`` and ``path-column``, each with the suffixes .pdf, .svg and .png."""
        publish(lambda paper: self.figure(document, paper), path, about)


def publish(drawn: Callable[[Paper], Figure], path: Path, about: About) -> None:
    """Draw on both papers; every file is written whole or not at all, with ``about`` in its metadata."""
    for paper in PAPERS:
        place = path if paper is PAGE else path.with_name(f"{path.name}-{paper.name}")
        with styled():
            figure = drawn(paper)
            for suffix in SUFFIXES:
                data = io.BytesIO()
                figure.savefig(data, format=suffix[1:], metadata=_metadata(suffix, about))
                write_atomic(place.with_name(place.name + suffix), data.getvalue())


def _metadata(suffix: str, about: About) -> dict[str, Any]:
    """As each format has it: text chunks of a PNG; one field of a PDF or an SVG, which have a fixed list, as JSON."""
    software = f"sltk {__version__}"
    if suffix == ".png":
        return {"Software": software, **about.entries()}
    text = json.dumps(about.entries(), ensure_ascii=False)
    if suffix == ".pdf":
        return {"Title": about.study, "Creator": software, "Producer": software, "Keywords": text, "CreationDate": None}
    return {"Title": about.study, "Creator": software, "Description": text, "Date": None}
