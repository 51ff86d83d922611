"""Accuracy against density, of any outcomes of training."""

from collections.abc import Mapping
from statistics import fmean

from matplotlib.figure import Figure

from sltk.core.errors import SltkError
from sltk.plot.densities import DensityCurve, draw_densities
from sltk.train.outcome import Outcome


def outcome_curves(outcomes: Mapping[str, Outcome], part: str = "test") -> list[DensityCurve]:
    """One curve an outcome and arm: accuracy at every measurement, in order of falling density.

    Args:
        outcomes: by name.
        part: ``test`` or ``validation``.

    Raises:
        SltkError: another part.
    """
    if part not in ("test", "validation"):
        raise SltkError(f"part must be test or validation, but got {part!r}.")
    return [
        _curve(f"{name}, {arm}" if len(arms) > 1 else name, outcome, arm, part)
        for name, outcome in outcomes.items()
        for arms in [tuple(dict.fromkeys(row["arm"] for row in outcome.last))]
        for arm in arms
    ]


def draw_outcomes(outcomes: Mapping[str, Outcome], note: str = "", part: str = "test") -> Figure:
    """A figure of ``outcome_curves``: means as lines, the middle half of the seeds as bands.

    Raises:
        SltkError: no outcome, or another part.
    """
    if not outcomes:
        raise SltkError('draw_outcomes needs at least one outcome; pass {"imp": outcome}.')
    tasks = ", ".join(dict.fromkeys(outcome.state.task.name for outcome in outcomes.values()))
    return draw_densities({f"{part} accuracy": outcome_curves(outcomes, part)}, note or f"Tickets on {tasks}")


def _curve(label: str, outcome: Outcome, arm: str, part: str) -> DensityCurve:
    rows = [row for row in outcome.rows if "test" in row and row["arm"] == arm]
    labels = list(dict.fromkeys(row["label"] for row in rows))
    by_label = {name: [row for row in rows if row["label"] == name] for name in labels}
    # Densities of the seeds differ where a structure is not exact in count: their mean says where the point stands.
    density = {name: fmean(row["density"] for row in own) for name, own in by_label.items()}
    order = sorted(labels, key=lambda name: -density[name])
    seeds = [[by_label[name][s][part] for name in order] for s in range(len(by_label[labels[0]]))]
    return DensityCurve(label, [density[name] for name in order], seeds)
