"""Draws of a kind together: mean, range, Student's interval; and the table."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from rich.table import Table
from scipy.stats import t as student

from sltk.core.statistics.stats import ConfidenceInterval, clopper_pearson

CONFIDENCE = 0.95
Answers = Mapping[str, Any]  # of one ticket beside its target


def over_draws(values: Sequence[float]) -> dict[str, float | None]:
    """Mean, least, largest, and the ends of Student's 95% interval of the mean; of one value there is no interval."""
    mean, low, high = fmean(values), None, None
    if len(values) > 1:
        quantile = float(student.ppf(0.5 + CONFIDENCE / 2, len(values) - 1))
        spread = quantile * stdev(values) / len(values) ** 0.5
        low, high = mean - spread, mean + spread
    return {"mean": mean, "least": min(values), "most": max(values), "low": low, "high": high}


def difference(lost: int, won: int, rows: int) -> ConfidenceInterval:
    """An interval of at least 95% for ``P[only the ticket is right] - P[only the target is right]``.

    Each probability lies in its exact 97.5% interval, so both do, and the difference in theirs, with at least 95%.
    """
    each = (1.0 + CONFIDENCE) / 2
    fewer, more = clopper_pearson(lost, rows, each), clopper_pearson(won, rows, each)
    return ConfidenceInterval(more.low - fewer.high, more.high - fewer.low)


def summaries(rows: Sequence[Answers]) -> list[dict[str, Any]]:
    """One entry for each target, activation and construction."""
    kinds = dict.fromkeys((r["target"], r["activation"], r["construction"]) for r in rows)
    return [_summary([r for r in rows if (r["target"], r["activation"], r["construction"]) == kind]) for kind in kinds]


def _summary(own: list[Answers]) -> dict[str, Any]:
    first, rows = own[0], own[0]["rows"]
    of_target = clopper_pearson(first["target_right"], rows)
    return {
        "target": first["target"], "activation": first["activation"], "construction": first["construction"],
        "draws": len(own), "rows": rows, "target_accuracy": [first["target_right"] / rows, *of_target],
        "ticket_accuracy": over_draws([r["ticket_right"] / rows for r in own]),
        "each_draw": [[r["ticket_right"] / rows, *clopper_pearson(r["ticket_right"], rows)] for r in own],
        "agreement": over_draws([r["agreeing"] / rows for r in own]),
        "kept": over_draws([r["kept"] for r in own]), "source": first["source"],
        "target_parameters": first["target_parameters"], "problems": first["problems"],
        "failures": [r["failures"] for r in own], "error": max(r["error"] for r in own), "largest": first["largest"],
    }  # fmt: skip


def table(found: Sequence[Mapping[str, Any]]) -> Table:
    """One line for each target, activation and construction; accuracies in percent."""
    made = Table(title="Tickets over draws of the source, accuracies in %, 95% intervals", title_justify="left")
    for name in ("target", "activation", "construction"):
        made.add_column(name, no_wrap=True)
    for name in ("target is right", "ticket, mean", "least…most", "same answers", "kept", "source", "target", "failed",
                 "of"):  # fmt: skip
        made.add_column(name, justify="right", no_wrap=True)
    for place, s in enumerate(found):
        accuracy, (share, *ends) = s["ticket_accuracy"], s["target_accuracy"]
        last = place + 1 == len(found) or found[place + 1]["target"] != s["target"]
        made.add_row(
            s["target"], s["activation"], s["construction"], f"{100 * share:.1f} ({_span(*ends)})",
            f"{100 * accuracy['mean']:.2f} ({_span(accuracy['low'], accuracy['high'])})",
            _span(accuracy["least"], accuracy["most"]), _span(s["agreement"]["least"], s["agreement"]["most"]),
            f"{s['kept']['mean']:,.0f}", f"{s['source']:,}", f"{s['target_parameters']:,}",
            "+".join(str(f) for f in s["failures"]), f"{s['problems']:,}", end_section=last,
        )  # fmt: skip
    return made


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "one draw"
    return f"{100 * max(low, 0.0):.1f}…{100 * min(high, 1.0):.1f}"
