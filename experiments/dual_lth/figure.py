"""Accuracy of RST and its rivals against density, one panel a basis."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import Drawing, Paper

SHOWN = ("rst", "rst, 5 cycles", "dense, then cut", "scratch, equal steps", "lth, 5 rounds", "lth, 5 rounds, global",
         "magnitude after training")  # fmt: skip


def rivals(document: Mapping[str, Any], paper: Paper) -> Figure:
    """What the study found in each basis."""
    panels = {
        f"{basis} coefficients, {own['seeds']} seeds": [
            DensityCurve(arm, own["densities"], np.transpose(own["found"][arm]["test"]).tolist()) for arm in SHOWN
        ]
        for basis, own in document["bases"].items()
    }
    return draw_densities(panels, "RST and its rivals on digits: mean and middle half of the seeds", paper)


RIVALS = Drawing(rivals)
