"""Measured sizes with their intervals, a straight line through them, and what is proved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sltk.plot.style import COLOURS, GREY, MARKERS, save, sheet, styled

NAMES = {"all": "all subsets", "pairs": "at most two samples (control)"}


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Mean least size against ln(1/eps)."""
    x = np.array(result["x"])
    with styled():
        figure, axes = sheet(7.0, 4.4)
        for number, kind in enumerate(result["kinds"]):
            mean, low, high = np.array(kind["sizes"]).T
            axes.errorbar(
                x, mean, yerr=(mean - low, high - mean), fmt=MARKERS[number], color=COLOURS[number], capsize=2.5,
                label=f"measured, {NAMES[kind['subsets']]}",
            )  # fmt: skip
        mean = np.array(result["kinds"][0]["sizes"])[:, 0]
        line = np.polyfit(x, mean, 1)
        axes.plot(
            x, np.polyval(line, x), color=COLOURS[0], linewidth=1.0, label=f"{line[0]:.2f} ln(1/eps) + {line[1]:.2f}"
        )
        axes.step(x, result["proved"]["floor"], where="mid", color=GREY, linewidth=1.0, label="counting floor")
        axes.plot(
            x,
            result["proved"]["closed form"],
            color=GREY,
            linestyle="--",
            label=f"closed form, delta {result['delta']:g}",
        )
        axes.set_xlabel("ln(1/eps)")
        axes.set_ylabel("samples of the pool")
        axes.set_title(f"Least size of a pool that covers [-1/2, 1/2]: mean of {result['trials']:,} pools")
        axes.set_ylim(0.0, 55.0)
        axes.legend()
        save(figure, path, {**about, "Confidence": result["confidence"]})
