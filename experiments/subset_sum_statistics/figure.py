"""Sizes and errors of the subsets under each rule, law by law."""

from pathlib import Path

import numpy as np

from sltk.plot.style import COLOURS, save, sheet, styled

RULES = (("first", "-", "first found"), ("error", "--", "least error"))


def draw(result: dict, path: Path, command: str) -> None:
    """One sheet of the sizes at ``path``, one of the errors, ``errors.png``, beside it."""
    for kind, label in (("sizes", "samples of the subset"), ("errors", "error / eps")):
        with styled():
            figure, axes = sheet(7.0, 4.2)
            for colour, row in zip(COLOURS, result["laws"], strict=False):
                for rule, line, name in RULES:
                    counts = np.array(row[rule][kind]) / row[rule]["counted"]
                    x = np.arange(counts.size) if kind == "sizes" else (np.arange(counts.size) + 0.5) / counts.size
                    axes.plot(x, counts, line, color=colour, drawstyle="steps-mid", label=f"{row['law']}, {name}")
            axes.set_xlabel(label)
            axes.set_ylabel("share of the subsets")
            if kind == "errors":
                axes.set_yscale("log")
            axes.set_title(f"n = {result['n']}, eps = {result['eps']:g}, {result['trials']:,} targets in [-1, 1]")
            axes.legend(fontsize=8, ncols=2)
            place = path if kind == "sizes" else path.with_name("errors.png")
            save(figure, place, {"Command": command, "Trials": result["trials"]})
