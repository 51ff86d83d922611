"""The figures of the main job: errors in their brackets, errors of parameters, success against the size of pools."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.bracket import Bracket, draw_brackets
from sltk.plot.parameter_errors import ErrorCounts, draw_parameter_errors
from sltk.plot.style import Drawing, Paper
from sltk.plot.success import SuccessCurve, draw_success


def errors(document: Mapping[str, Any], paper: Paper) -> Figure:
    """Found and proved, kind by kind."""
    return draw_brackets([_bracket(kind) for kind in document["kinds"]], paper)


def parameters(document: Mapping[str, Any], paper: Paper) -> Figure:
    """Of every parameter and copy, over all sources."""
    kinds = [ErrorCounts(**kind["errors"]) for kind in document["kinds"]]
    return draw_parameter_errors(kinds, document["param_eps"], paper)


def success(document: Mapping[str, Any], paper: Paper) -> Figure:
    """Shares of sources, kind by kind."""
    curves = [_curve(kind) for kind in document["kinds"]]
    return draw_success(curves, document["sources"], document["confidence"], paper)


def _bracket(kind: Mapping[str, Any]) -> Bracket:
    parts = {"data": "data_error", "adversarial": "adversarial_error", "certified": "certified_bound"}
    found = {name: [ticket[key] for ticket in kind["tickets"]] for name, key in parts.items()}
    return Bracket(kind["label"], **found, largest=kind["tickets"][0]["largest_output"])


def _curve(kind: Mapping[str, Any]) -> SuccessCurve:
    own, sources = sorted(kind["success"], key=lambda one: one["n"]), kind["success"][0]["sources"]
    return SuccessCurve(
        kind["label"],
        n=[one["n"] for one in own],
        observed=[one["successes"] / sources for one in own],
        interval=[(one["low"], one["high"]) for one in own],
        predicted=[one["expected"] / sources for one in own],
        predicted_interval=[(one["expected_low"] / sources, one["expected_high"] / sources) for one in own],
    )


ERRORS, PARAMETERS, SUCCESS = Drawing(errors), Drawing(parameters), Drawing(success)
