"""Samples against the bits of the grid."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.style import COLOURS, GREY, save, sheet, styled


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Measured sizes as marks, the counting floor as a line."""
    rows = [row for row in result["rows"] if row["n"] is not None]
    with styled():
        figure, axes = sheet(6.0, 3.8)
        bits = [row["bits"] for row in rows]
        axes.plot(bits, [row["n"] for row in rows], "o-", color=COLOURS[0], linewidth=0.8,
                  label=f"measured, {result['slope']:.2f} a bit")  # fmt: skip
        axes.plot(bits, [row["floor"] for row in rows], color=GREY, linewidth=1.0, label="counting floor")
        axes.set(xlabel="bits: the grid's step is 2^-bits", ylabel="samples", ylim=(0, None))
        axes.set_title(f"Exact subset sums on a grid, delta {result['delta']:g}")
        axes.legend(fontsize=8)
        save(figure, path, {**about, "Trials": result["trials"]})
