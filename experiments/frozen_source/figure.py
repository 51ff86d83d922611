"""Samples against the share that is locked in."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, Drawing, Paper

MOST = 40  # samples that the search looks at


def size(result: Mapping[str, Any], paper: Paper) -> Figure:
    """Measured sizes as marks; as a line what the free samples alone would need."""
    rows, missing = ([row for row in result["rows"] if (row["n"] is None) == lost] for lost in (False, True))
    figure, axes = paper.sheet()
    share = [row["locked"] for row in rows]
    axes.plot(share, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8, label="measured")
    axes.plot(share, [row["free alone"] for row in rows], color=COLOURS[1], linewidth=1.0,
              label="as many free samples as without locked ones")  # fmt: skip
    axes.plot([row["locked"] for row in missing], [MOST] * len(missing), "^", color=COLOURS[0], fillstyle="none",
              markersize=6, label=f"more than {MOST}: not searched")  # fmt: skip
    axes.set(xlabel="share of samples locked in", ylabel="samples", ylim=(0, None))
    about = f"eps {result['eps']:g}, delta {result['delta']:g}"
    paper.title(figure, f"Partly frozen pools: {about}, {result['trials']:,} pools a size")
    paper.legend(figure, [axes], 2)
    return figure


SIZE = Drawing(size)
