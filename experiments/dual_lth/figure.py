"""Accuracy of RST and its rivals against density, one panel a basis."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.densities import draw_densities
from sltk.plot.style import Drawing, Paper
from sltk.studies.curves import KINDS, arm_curve

SHOWN = ("rst", "rst, 5 cycles", "dense, then cut", "scratch", "lth, 5 rounds", "lth, 5 rounds, global",
         "magnitude after training")  # fmt: skip


def rivals(document: Mapping[str, Any], paper: Paper) -> Figure:
    """What the study found in each basis."""
    panels = {
        f"{basis} coefficients, by {said}": [arm_curve(arm, own["found"][arm], part) for arm in SHOWN]
        for basis, own in document["bases"].items()
        for said, part in KINDS
    }
    return draw_densities(panels, "RST and its rivals on digits: mean and middle half of the seeds", paper)


RIVALS = Drawing(rivals)
