"""Sizes and errors of the subsets under each rule, law by law."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from sltk.plot.style import COLOURS, save, sheet, styled

RULES = (("first", "-", "first found"), ("error", "--", "least error"))


def draw_sizes(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Shares of the subsets by size."""
    with styled():
        figure, axes = sheet(7.0, 4.2)
        _steps(axes, result, "sizes", np.arange)
        axes.set_xlabel("samples of the subset")
        _finish(axes, result)
        save(figure, path, {**about, "Trials": result["trials"]})


def draw_errors(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Shares of the subsets by error, on a logarithmic axis."""
    with styled():
        figure, axes = sheet(7.0, 4.2)
        _steps(axes, result, "errors", lambda count: (np.arange(count) + 0.5) / count)
        axes.set_xlabel("error / eps")
        axes.set_yscale("log")
        _finish(axes, result)
        save(figure, path, {**about, "Trials": result["trials"]})


def _steps(axes: Axes, result: Mapping[str, Any], kind: str, places: Callable[[int], np.ndarray]) -> None:
    for colour, row in zip(COLOURS, result["laws"], strict=False):
        for rule, line, name in RULES:
            counts = np.array(row[rule][kind]) / row[rule]["counted"]
            label = f"{row['law']}, {name}"
            axes.plot(places(counts.size), counts, line, color=colour, drawstyle="steps-mid", label=label)


def _finish(axes: Axes, result: Mapping[str, Any]) -> None:
    axes.set_ylabel("share of the subsets")
    axes.set_title(f"n = {result['n']}, eps = {result['eps']:g}, {result['trials']:,} targets in [-1, 1]")
    axes.legend(fontsize=8, ncols=2)
