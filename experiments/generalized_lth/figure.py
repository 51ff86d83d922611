"""Accuracy of tickets against density, one panel a data set, one curve a basis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import save


def draw(found: Mapping[str, Mapping[str, Any]], path: Path, command: str) -> None:
    """Draw the summaries of ``sltk imp``, by name of the data set."""
    panels = {
        f"{name}, {summary['command']['seeds']} seeds": [
            DensityCurve(basis, arms["ticket"]["density"][0], arms["ticket"]["test"])
            for basis, arms in summary["outputs"].items()
        ]
        for name, summary in found.items()
    }
    figure = draw_densities(panels, "Lottery tickets by basis: mean and middle half of the seeds")
    save(figure, path, {"Claim": "generalized-lth", "Command": command})
