"""Where search and construction cross: rates, means by density, verdicts."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from rich.table import Table

from sltk.studies.findings import Comparison, PairedFinding, Spent, compared, judged_claims

COLD, WARM, UNSCALED, RANDOM = "search", "search from the built ticket", "search, weights as drawn", "random mask"
CLOSE = 0.01
BETTER = "built is better than found"
CLOSED = "found is within a point of built"
STAYS = "a search that starts from built stays within a point"
HELPED = "a start from built helps the search"

Rows = Sequence[Mapping[str, Any]]


def place(density: float, factor: int) -> str:
    """A level, in words."""
    return f"target at {density:g}, x {factor}"


def own_rates(rows: Rows, first: int) -> dict[str, float]:
    """By way and level: the rate of best mean validation accuracy over the seeds below ``first``."""
    found: dict[str, float] = {}
    for way in (COLD, WARM):
        for where in levels(rows):
            tuning = [row[way] for row in _at(rows, where) if row["seed"] < first and row[way]]
            if tuning:
                means = [
                    (fmean(own[k]["validation"] for own in tuning), own["rate"]) for k, own in enumerate(tuning[0])
                ]
                found[f"{way}, {place(*where)}"] = max(means)[1]
    return found


def levels(rows: Rows) -> list[tuple[float, int]]:
    """Target's densities and factors, in order."""
    return list(dict.fromkeys((row["density"], row["factor"]) for row in rows))


def runs(
    rows: Rows, own: Mapping[str, float], way: str, where: tuple[float, int], first: int
) -> list[Mapping[str, Any]]:
    """One run a seed that verdicts look at: at the rate of this way and level, or the only one."""
    rate = own.get(f"{way}, {place(*where)}")
    found = []
    for row in _at(rows, where):
        if row["seed"] >= first:
            found += [one for one in row[way] if rate is None or one["rate"] == rate]
    return found


def judged(rows: Rows, own: Mapping[str, float], first: int) -> list[PairedFinding]:
    """The claims, each over levels; only seeds from ``first`` on are looked at."""
    families: dict[str, dict[str, Comparison]] = {claim: {} for claim in (BETTER, CLOSED, STAYS, HELPED)}
    for where in levels(rows):
        built = [row["built"] for row in _at(rows, where) if row["seed"] >= first]
        cold, warm = (runs(rows, own, way, where, first) for way in (COLD, WARM))
        at = place(*where)
        families[BETTER][at] = _held(built, cold, where)
        families[CLOSED][at] = _held(cold, built, where, -CLOSE)
        if warm:
            families[STAYS][at] = _held(warm, built, where, -CLOSE)
            families[HELPED][at] = _held(warm, cold, where)
    return judged_claims(families)


def crossing(rows: Rows, own: Mapping[str, float], first: int) -> dict[str, float] | None:
    """Where the mean accuracy of the search reaches that of the built ticket of the densest target, from below.

    Along the factors of that target, straight in the logarithm of the density; ``None`` where it does not.
    """
    whole = max(density for density, _ in levels(rows))
    found = []
    for where in sorted(level for level in levels(rows) if level[0] == whole):
        cold = runs(rows, own, COLD, where, first)
        built = [row["built"] for row in _at(rows, where) if row["seed"] >= first]
        lacking = fmean(one["test"] for one in built) - fmean(one["test"] for one in cold)
        kept = fmean(one["kept"] for one in cold) / built[0]["weights"]
        found.append((lacking, math.log(kept), math.log(where[1])))
    for (above, density, factor), (below, denser, more) in pairwise(found):
        if above > 0 >= below:
            share = above / (above - below)
            density, factor = density + share * (denser - density), factor + share * (more - factor)
            return {"density": math.exp(density), "factor": math.exp(factor)}
    return None


def level_table(document: Mapping[str, Any]) -> Table:
    """One row a level: what is kept, the target, the built ticket, searches and controls."""
    rows, own, first = document["rows"], document["own"], document["first"]
    table = Table(title=f"Mean test accuracy, %, of {document['seeds']} sources", title_justify="left")
    for name in ("level", "weights kept", "density", "target", "built", COLD, "(least, most)", "rate", "live", WARM,
                 UNSCALED, RANDOM, "IoU", "by chance"):  # fmt: skip
        table.add_column(name, justify="left" if name == "level" else "right")
    for where in levels(rows):
        built = [row["built"] for row in _at(rows, where) if row["seed"] >= first]
        cold = runs(rows, own, COLD, where, first)
        others = [_mean(runs(rows, own, way, where, first)) for way in (WARM, UNSCALED, RANDOM)]
        kept, tests = fmean(one["kept"] for one in cold), [one["test"] for one in cold]
        table.add_row(
            place(*where), f"{kept:,.0f}", f"{kept / built[0]['weights']:.4f}", _mean(built, "target"), _mean(built),
            _mean(cold), f"{100 * min(tests):.1f}, {100 * max(tests):.1f}", f"{cold[0]['rate']:g}",
            f"{fmean(one['live'] for one in cold):.4f}", *others, f"{fmean(one['iou'] for one in cold):.3f}",
            f"{fmean(one['iou by chance'] for one in cold):.3f}",
        )  # fmt: skip
    return table


def _mean(found: Rows, part: str = "test") -> str:
    return f"{100 * fmean(one[part] for one in found):.1f}" if found else ""


def _at(rows: Rows, where: tuple[float, int]) -> list[Mapping[str, Any]]:
    return [row for row in rows if (row["density"], row["factor"]) == where]


def _held(first: Rows, second: Rows, where: tuple[float, int], margin: float = 0.0) -> Comparison:
    budgets = [Spent([o["epochs"] for o in own], [o["multiply_adds"] for o in own]) for own in (first, second)]
    kept = fmean(one["kept"] if isinstance(one["kept"], int) else sum(one["kept"].values()) for one in second)
    setting = (
        f"digits, target 64-16-10 at {where[0]:g}, search with {where[1]} times its ticket's weights, "
        f"{first[0]['epochs']:g} epochs, {kept:,.0f} weights in the second, test part"
    )
    tests = [[one["test"] for one in own] for own in (first, second)]
    return compared(tests[0], tests[1], (budgets[0], budgets[1]), setting=setting, margin=margin)
