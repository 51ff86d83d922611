"""What the searches say together: the rate of each arm, and verdicts at that rate and at one rate for all."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from rich.table import Table

from experiments.searched_bases.arms import CONTROLS, ROTATED
from sltk.studies.findings import Comparison, PairedFinding, Spent, compared, judged_claims

CANONICAL, BEST = "canonical", "haar"
COMMON = 0.2  # the rate of `sltk edge-popup`
CLOSE = 0.02
BETTER = "better than canonical, own rates"
GAP = f"haar is better, all at {COMMON:g}"
GAP_OWN = "haar is better, own rates"
CLOSED = "within 2 points of haar, own rates"

Rows = Sequence[Mapping[str, Any]]


def place(arm: str, density: float) -> str:
    """An arm at a density, in words."""
    return f"{arm}, density {density:g}"


def own_rates(rows: Rows, tuning: int) -> dict[str, float]:
    """By arm and density: the rate of best mean validation accuracy over the tuning seeds; the larger of equal ones."""
    found: dict[str, tuple[float, float]] = {}
    for row in rows:
        where = place(row["arm"], row["density"])
        found[where] = max(found.get(where, (-1.0, 0.0)), (fmean(row["validation"][:tuning]), row["rate"]))
    return {where: rate for where, (_, rate) in found.items()}


def judged(rows: Rows, own: Mapping[str, float], tuning: int) -> list[PairedFinding]:
    """The four claims, each over arms and densities; only runs behind the tuning seeds are looked at."""
    others = [arm for arm in (CANONICAL, *ROTATED) if arm != BEST]
    common = dict.fromkeys(own, COMMON)
    pairs = {  # what is named, first, second, rates, margin
        BETTER: ([(arm, arm, CANONICAL) for arm in ROTATED], own, 0.0),
        GAP: ([(arm, BEST, arm) for arm in others], common, 0.0),
        GAP_OWN: ([(arm, BEST, arm) for arm in others], own, 0.0),
        CLOSED: ([(arm, arm, BEST) for arm in CONTROLS], own, -CLOSE),
    }
    by_place = {(row["arm"], row["density"], row["rate"]): row for row in rows}
    densities = list(dict.fromkeys(row["density"] for row in rows))

    def row_of(arm: str, density: float, rates: Mapping[str, float]) -> Mapping[str, Any] | None:
        return by_place.get((arm, density, rates.get(place(arm, density), 0.0)))

    families: dict[str, dict[str, Comparison]] = {}
    for claim, (compare, rates, margin) in pairs.items():
        families[claim] = {}
        for density in densities:
            for named, first, second in compare:
                ours, theirs = row_of(first, density, rates), row_of(second, density, rates)
                if ours is not None and theirs is not None:
                    families[claim][place(named, density)] = _held(ours, theirs, margin, tuning)
    return judged_claims(families)


def accuracy_table(document: Mapping[str, Any], density: float) -> Table:
    """One row an arm: mean accuracy by rate; at its own rate the least, live density, and who hears a gradient."""
    tuning = document["tuning"]
    title = (
        f"Density {density:g}: mean test accuracy, %, of {document['seeds']} seeds by rate; at its own rate, the rest"
    )
    table = Table(title=title, title_justify="left")
    rates = list(document["rates"])
    for name in ("arm", *(f"{rate:g}" for rate in rates), "own rate", "least", "live", "units, start, end",
                 "scores heard, start, end"):  # fmt: skip
        table.add_column(name, justify="left" if name == "arm" else "right", no_wrap=name == "arm")
    for arm in document["arms"]:
        rows = {r["rate"]: r for r in document["rows"] if r["arm"] == arm and r["density"] == density}
        rate = document["own"][place(arm, density)]
        means = [f"{100 * fmean(rows[r]['test'][tuning:]):.1f}" for r in rates]
        chosen = rows[rate]
        heard = [_two(chosen, part, tuning) for part in ("units", "heard")]
        table.add_row(arm, *means, f"{rate:g}", f"{100 * min(chosen['test'][tuning:]):.1f}",
                      f"{fmean(chosen['live'][tuning:]):.4f}", *heard)  # fmt: skip
    return table


def _two(row: Mapping[str, Any], part: str, tuning: int) -> str:
    found = [row[f"{part}, {when}"][tuning:] for when in ("start", "end")]
    return " ".join(f"{100 * fmean(one):.0f}%" for one in found) if all(found) else ""


def _held(ours: Mapping[str, Any], theirs: Mapping[str, Any], margin: float, tuning: int) -> Comparison:
    budgets = [Spent(row["epochs"][tuning:], row["multiply_adds"][tuning:]) for row in (ours, theirs)]
    setting = (
        f"digits, 64-100-60-10, frozen weights of one size, density {ours['density']:g}, {ours['epochs'][0]:g} epochs, "
        f"one draw of a random rotation, rates from the grid that is shown"
    )
    return compared(
        ours["test"][tuning:], theirs["test"][tuning:], (budgets[0], budgets[1]), setting=setting, margin=margin
    )
