"""Accuracy of tickets against density, one panel a data set, one curve a basis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.densities import draw_densities
from sltk.plot.style import save
from sltk.studies.curves import KINDS, curve


def draw(document: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Draw what the study found on each data set."""
    panels = {
        f"{name}, by {said}": [curve(basis, arms["ticket"], part) for basis, arms in own["found"].items()]
        for name, own in document["data"].items()
        for said, part in KINDS
    }
    save(draw_densities(panels, "Lottery tickets by basis: mean and middle half of the seeds"), path, about)
