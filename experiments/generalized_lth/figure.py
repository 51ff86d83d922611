"""Accuracy of tickets against density, one panel a data set, one curve a basis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import save


def draw(document: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Draw what the study found on each data set."""
    panels = {
        f"{name}, {own['seeds']} seeds": [
            DensityCurve(basis, arms["ticket"]["density"][0], arms["ticket"]["test"])
            for basis, arms in own["found"].items()
        ]
        for name, own in document["data"].items()
    }
    save(draw_densities(panels, "Lottery tickets by basis: mean and middle half of the seeds"), path, about)
