"""Accuracy against density, of any outcomes of training."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.figure import Figure

from sltk.core.errors import SltkError
from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import PAGE, Paper
from sltk.train.outcome import Outcome

Rows = Sequence[Mapping[str, Any]]


def row_curves(rows: Mapping[str, Rows], part: str = "test") -> list[DensityCurve]:
    """One curve a name and arm: accuracy at every measurement, in order of falling density.

    Args:
        rows: measurements by name, as ``Outcome.rows`` has them.
        part: ``test`` or ``validation``.

    Raises:
        SltkError: another part.
    """
    if part not in ("test", "validation"):
        raise SltkError(f"part must be test or validation, but got {part!r}.")
    found = []
    for name, own in rows.items():
        measured = [row for row in own if "test" in row]
        arms = list(dict.fromkeys(row["arm"] for row in measured))
        found += [_curve(f"{name}, {arm}" if len(arms) > 1 else name, measured, arm, part) for arm in arms]
    return found


def outcome_curves(outcomes: Mapping[str, Outcome], part: str = "test") -> list[DensityCurve]:
    """``row_curves`` of outcomes by name."""
    return row_curves({name: outcome.rows for name, outcome in outcomes.items()}, part)


def draw_outcomes(outcomes: Mapping[str, Outcome], note: str = "", part: str = "test", paper: Paper = PAGE) -> Figure:
    """A figure of ``outcome_curves``: means as lines, the middle half of the seeds as bands.

    Raises:
        SltkError: no outcome, or another part.
    """
    if not outcomes:
        raise SltkError('draw_outcomes needs at least one outcome; pass {"imp": outcome}.')
    tasks = ", ".join(dict.fromkeys(outcome.state.task.name for outcome in outcomes.values()))
    panels = {f"{part} accuracy": outcome_curves(outcomes, part)}
    return draw_densities(panels, note or f"Tickets on {tasks}", paper)


def _curve(label: str, measured: Rows, arm: str, part: str) -> DensityCurve:
    rows = [row for row in measured if row["arm"] == arm]
    labels = list(dict.fromkeys(row["label"] for row in rows))
    by_label = {name: [row for row in rows if row["label"] == name] for name in labels}
    # Densities of the seeds differ where a structure is not exact in count: their mean says where the point stands.
    density = {name: fmean(row["density"] for row in own) for name, own in by_label.items()}
    order = sorted(labels, key=lambda name: -density[name])
    seeds = [[by_label[name][s][part] for name in order] for s in range(len(by_label[labels[0]]))]
    return DensityCurve(label, [density[name] for name in order], seeds)
