"""Accuracy of tickets against density, one panel a data set, one curve a basis."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.densities import draw_densities
from sltk.plot.style import Drawing, Paper
from sltk.studies.curves import KINDS, curve


def bases(document: Mapping[str, Any], paper: Paper) -> Figure:
    """What the study found on each data set."""
    panels = {
        f"{name}, by {said}": [curve(basis, arms["ticket"], part) for basis, arms in own["found"].items()]
        for name, own in document["data"].items()
        for said, part in KINDS
    }
    return draw_densities(panels, "Lottery tickets by basis: mean and middle half of the seeds", paper)


BASES = Drawing(bases)
