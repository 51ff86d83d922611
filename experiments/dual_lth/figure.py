"""Accuracy of RST and its rivals against density, one panel a basis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import save

SHOWN = ("rst", "rst, 5 cycles", "dense, then cut", "scratch, equal steps", "lth, 5 rounds", "lth, 5 rounds, global",
         "magnitude after training")  # fmt: skip


def draw(found: Mapping[str, Mapping[str, Any]], path: Path, command: str) -> None:
    """Draw the summaries of ``sltk rst``, by basis."""
    panels = {
        f"{basis} coefficients, {summary['command']['seeds']} seeds": [
            DensityCurve(arm, summary["command"]["densities"], np.transpose(summary["outputs"][arm]["test"]).tolist())
            for arm in SHOWN
        ]
        for basis, summary in found.items()
    }
    figure = draw_densities(panels, "RST and its rivals on digits: mean and middle half of the seeds")
    save(figure, path, {"Claim": "dual-lth", "Command": command})
