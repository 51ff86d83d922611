"""Tables of the studies that hold trained tickets against each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from sltk.core.statistics.paired import TESTED, fewest_pairs
from sltk.studies.areas import area
from sltk.studies.findings import LEVEL, NO_VERDICT, PairedFinding
from sltk.studies.imp_bases import ImpJob
from sltk.studies.rst_arms import RstJob
from sltk.train.pruning.followers import LEADER

SHOWN = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
EMPTY = 0.02  # all that the cut takes over all that stays, in size: above it, the cut may cost something


def basis_table(job: ImpJob, found: Mapping[str, Any]) -> Table:
    """One row a basis, that of its tickets, and one a control: mean accuracies at a few densities, and over all.

    Under the tickets stand the densities that were achieved: kept, and live.
    """
    nearest = {int(np.argmin(np.abs(np.log(np.asarray(job.densities) / d)))) for d in SHOWN}
    rounds = sorted(nearest | {len(job.densities) - 1})
    title = f"Test accuracy on {job.data}, mean of {job.seeds} seeds, by density asked of the weights that are pruned"
    table = Table(title=title, title_justify="left")
    table.add_column("basis\n  arm", no_wrap=True)
    for r in rounds:
        table.add_column(f"{job.densities[r]:.3g}", justify="right")
    table.add_column("over log\ndensity", justify="right")
    for basis, arms in found.items():
        # Stored rows are in order of the alphabet.
        ordered = sorted(arms, key=lambda arm: arm != LEADER)
        for arm in ordered:
            for row in _rows(basis, arm, arms[arm], rounds):
                table.add_row(*row)
        table.add_section()
    table.caption, table.caption_justify = _above_one(found), "left"
    return table


def _rows(basis: str, arm: str, parts: Mapping[str, Any], rounds: Sequence[int]) -> list[list[Any]]:
    mean = np.asarray(parts["test"]).mean(0)
    each = [area(*curve) for curve in zip(parts["density"], parts["test"], strict=True)]
    known = [one for one in each if one is not None]
    whole = f"{100 * np.mean(known):.2f}" if len(known) == len(each) else ""
    first = Text(basis, "bold") if arm == LEADER else f"  {arm}"
    rows: list[list[Any]] = [[first, *(f"{100 * mean[r]:.1f}" for r in rounds), whole]]
    for name, part in (("kept", "density"), ("live", "live")) if arm == LEADER else ():
        achieved = np.asarray(parts[part]).mean(0)
        rows.append([f"    {name}", *(f"{achieved[r]:.3g}" for r in rounds), ""])
    return rows


def _above_one(found: Mapping[str, Any]) -> str | None:
    """Which bases hold more numbers than their weights have, before anything is pruned."""
    starts = {basis: float(np.max(np.asarray(arms[LEADER]["density"])[:, 0])) for basis, arms in found.items()}
    said = [f"{basis} starts at a density of {start:.3g}" for basis, start in starts.items() if start > 1.0]
    return f"{'; '.join(said)}: its factors hold more numbers than its weights." if said else None


def arm_table(job: RstJob, found: Mapping[str, Any]) -> Table:
    """One row an arm: mean accuracies by density, and what the arm has spent; the ranges are over densities."""
    first = "first and last layer are" if job.scope("layerwise").dense_first else "last layer is"
    title = f"Test accuracy on {job.data}, mean of {job.seeds} seeds; the {first} dense in every arm"
    table = Table(title=title, title_justify="left")
    table.add_column("density", no_wrap=True)
    for density in job.densities:
        table.add_column(f"{density:g}", justify="right")
    for name in ("epochs", "steps", "10^6 multiply-\nadds"):
        table.add_column(name, justify="right", no_wrap=True)
    for arm, parts in found.items():
        accuracies = (f"{100 * np.mean(seeds):.2f}" for seeds in parts["test"])
        table.add_row(arm, *accuracies, _range(parts["epochs"], 1), _range(parts["steps"], 1),
                      _range(parts["multiply_adds"], 1e-6))  # fmt: skip
    for name, part in (("kept, of all weights", "density"), ("live, rst", "live")):
        table.add_row(name, *(f"{np.mean(seeds):.3g}" for seeds in found["rst"][part]), "", "", "")
    return table


def _range(by_density: Sequence[Sequence[float]], factor: float) -> str:
    means = [factor * float(np.mean(seeds)) for seeds in by_density]
    ends = [f"{end:,.0f}" for end in (min(means), max(means))]
    return ends[0] if ends[0] == ends[1] else "…".join(ends)


def emptied(job: RstJob, found: Mapping[str, Any]) -> str:
    """What the penalty of RST has left for the cut to take: its share, and what the cut costs."""
    own = found["rst"]
    said = []
    for n, density in enumerate(job.densities):
        lost = 100 * (np.mean(own["before cut"][n]) - np.mean(own["after cut"][n]))
        said.append(
            f"at {density:g}, {max(own['mass'][n]):.3g} ({max(own['ratio'][n]):.2g} a weight, "
            f"{np.mean(own['masked_per_kept'][n]):.3g} masked for each kept one), and it costs {lost:.1f} points"
        )
    judged = "everywhere below" if max(map(max, own["mass"])) < EMPTY else "NOT everywhere below"
    return (
        f"RST's cut takes, in size over what stays, at most: {'; '.join(said)}. It is {judged} {EMPTY}, where next to "
        "nothing is left to take."
    )


def findings_table(judged: Sequence[PairedFinding], what: str, points: str = "mean") -> Table:
    """One row a comparison: the claim, where, what was found, the mean difference in points, Holm's p-value."""
    title = "Paired over seeds: exact sign-flip test of symmetry about the margin, Holm over each claim's family"
    table = Table(title=title, title_justify="left")
    for name in ("claim", what, "finding", points, "range", "p (Holm)"):
        right = name in (points, "range", "p (Holm)")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for n, one in enumerate(judged):
        c = one.comparison
        last = n + 1 == len(judged) or judged[n + 1].claim != one.claim
        table.add_row(
            one.claim, one.basis, Text(one.finding, "bold"), f"{100 * c.mean:+.2f}",
            f"{100 * c.low:+.1f}…{100 * c.high:+.1f}", f"{one.p_value:.2g}", end_section=last,
        )  # fmt: skip
    said = [TESTED, _too_few(judged), *_settings(judged), *_unequal(judged)] if judged else []
    table.caption, table.caption_justify = "\n".join(filter(None, said)) or None, "left"
    return table


def _settings(judged: Sequence[PairedFinding]) -> list[str]:
    """What the findings speak of, and of nothing else."""
    return [f"Setting: {said}." for said in dict.fromkeys(one.setting for one in judged) if said]


def _unequal(judged: Sequence[PairedFinding]) -> list[str]:
    """The budgets of the pairs that get no verdict."""
    unequal = (one for one in judged if one.finding == NO_VERDICT)
    return [f"{one.basis}: {one.budgets}; ask for equal budgets." for one in unequal]


def _too_few(judged: Sequence[PairedFinding]) -> str | None:
    """What to do where there are so few seeds that every finding is open, whatever they say."""
    family = max(Counter(one.claim for one in judged).values(), default=0)
    pairs = min((one.comparison.pairs for one in judged), default=0)
    if not judged or pairs >= (enough := fewest_pairs(family, LEVEL)):
        return None
    return (
        f"{pairs} seeds cannot decide a family of {family}: p (Holm) is at least {family * 0.5**pairs:.2g}, "
        f"and a finding takes {LEVEL / 2:g}. {enough} seeds can."
    )
