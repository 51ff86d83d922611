"""Accuracy of RST and its rivals against density, one panel a basis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import save

SHOWN = ("rst", "rst, 5 cycles", "dense, then cut", "scratch, equal steps", "lth, 5 rounds", "lth, 5 rounds, global",
         "magnitude after training")  # fmt: skip


def draw(document: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Draw what the study found in each basis."""
    panels = {
        f"{basis} coefficients, {own['seeds']} seeds": [
            DensityCurve(arm, own["densities"], np.transpose(own["found"][arm]["test"]).tolist()) for arm in SHOWN
        ]
        for basis, own in document["bases"].items()
    }
    save(draw_densities(panels, "RST and its rivals on digits: mean and middle half of the seeds"), path, about)
