"""Tables of the studies that hold trained tickets against each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from sltk.core.statistics.paired import TESTED, fewest_pairs
from sltk.studies.findings import LEVEL, PairedFinding
from sltk.studies.imp_bases import ImpJob, area
from sltk.studies.rst_arms import RstJob
from sltk.train.pruning.followers import LEADER

SHOWN = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
EMPTY = 0.02  # masked over kept mean size: above it, the cut still takes something away


def basis_table(job: ImpJob, found: Mapping[str, Any]) -> Table:
    """One row a basis, that of its tickets, and one a control: mean accuracies at a few densities, and over all."""
    nearest = {int(np.argmin(np.abs(np.log(np.asarray(job.densities) / d)))) for d in SHOWN}
    rounds = sorted(nearest | {len(job.densities) - 1})
    title = f"Test accuracy on {job.data}, mean of {job.seeds} seeds, by density asked"
    table = Table(title=title, title_justify="left")
    table.add_column("basis\n  arm", no_wrap=True)
    for r in rounds:
        table.add_column(f"{job.densities[r]:.3g}", justify="right")
    table.add_column("over log\ndensity", justify="right")
    for basis, arms in found.items():
        for n, arm in enumerate(
            sorted(arms, key=lambda arm: arm != LEADER)
        ):  # stored rows are in order of the alphabet
            parts = arms[arm]
            mean = np.asarray(parts["test"]).mean(0)
            cells = [f"{100 * mean[r]:.1f}" for r in rounds]
            whole = [f"{100 * np.mean(area(job, parts['test'])):.2f}"] if job.rounds > 0 else []
            first = Text(basis, "bold") if arm == LEADER else f"  {arm}"
            table.add_row(first, *cells, *whole, end_section=n + 1 == len(arms))
    return table


def arm_table(job: RstJob, found: Mapping[str, Any]) -> Table:
    """One row an arm: mean accuracies by density."""
    title = f"Test accuracy on {job.data}, mean of {job.seeds} seeds; the last layer is dense in every arm"
    table = Table(title=title, title_justify="left")
    table.add_column("density", no_wrap=True)
    for density in job.densities:
        table.add_column(f"{density:g}", justify="right")
    for arm, parts in found.items():
        table.add_row(arm, *(f"{100 * np.mean(seeds):.2f}" for seeds in parts["test"]))
    return table


def emptied(job: RstJob, found: Mapping[str, Any]) -> str:
    """What the penalty of RST has left for the cut to take."""
    ratios = [max(own) for own in found["rst"]["ratio"]]
    said = ", ".join(f"{ratio:.3g} at {density:g}" for ratio, density in zip(ratios, job.densities, strict=True))
    judged = "below" if max(ratios) < EMPTY else "NOT everywhere below"
    return f"Before RST's cut the mean size of masked over kept weights is at most {said}: {judged} {EMPTY}."


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
    said = [TESTED, _too_few(judged)] if judged else []
    table.caption, table.caption_justify = "\n".join(filter(None, said)) or None, "left"
    return table


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
