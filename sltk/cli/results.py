"""What the three commands that train share: a folder that names itself, and a table of findings."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.paired import fewest_pairs
from sltk.harness.progress import progress
from sltk.harness.rows import RowStore
from sltk.harness.stored import folder_of, measured
from sltk.studies.findings import LEVEL, PairedFinding


def run_tasks(
    name: str,
    tasks: Mapping[str, Mapping[str, Any]],
    measure: Callable[[str], Mapping[str, Any]],
    out: Path,
    jobs: int,
    console: Console,
) -> tuple[dict[str, Any], Path, float]:
    """Outputs of ``tasks``, the folder that keeps them, and seconds; what is in the folder is not run again."""
    if jobs < 1:
        raise SltkError(f"--jobs must be at least 1, but got {jobs}.")
    folder = folder_of(out, name, list(tasks.values()))
    started = time.perf_counter()
    with progress(console) as report:
        found = measured(tasks, measure, RowStore(folder / "rows.jsonl"), jobs=jobs, report=report)
    return found, folder, time.perf_counter() - started


def findings_table(judged: Sequence[PairedFinding], what: str, points: str = "mean") -> Table:
    """One row a comparison: the claim, where, what was found, the mean difference in points, Holm's p-value."""
    table = Table(title="Paired over seeds, exact sign-flip test, Holm over each claim's family", title_justify="left")
    for name, justify in (("claim", "left"), (what, "left"), ("finding", "left"), (points, "right"), ("range", "right"),
                          ("p (Holm)", "right")):  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for n, one in enumerate(judged):
        c = one.comparison
        last = n + 1 == len(judged) or judged[n + 1].claim != one.claim
        table.add_row(
            one.claim, one.basis, f"[bold]{one.finding}[/]", f"{100 * c.mean:+.2f}",
            f"{100 * c.low:+.1f}…{100 * c.high:+.1f}", f"{one.p_value:.2g}", end_section=last,
        )  # fmt: skip
    table.caption, table.caption_justify = _too_few(judged), "left"
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


def write_summary(
    folder: Path, command: Mapping[str, Any], found: Mapping[str, Any], judged: Sequence[PairedFinding]
) -> Path:
    """``summary.json`` beside the rows: command, outputs, findings."""
    path = folder / "summary.json"
    document = {"command": dict(command), "outputs": dict(found), "findings": [asdict(one) for one in judged]}
    write_atomic(path, canonical_json(document))
    return path


def require_counts(seeds: int, epochs: int, rounds: int = 1) -> None:
    """Refuse what cannot be run.

    Raises:
        SltkError: a number below 1, or more seeds than the exact paired test enumerates.
    """
    if not 1 <= seeds <= 22 or epochs < 1 or rounds < 1:
        raise SltkError(
            f"needs 1 to 22 --seeds, --epochs and --rounds at least 1, but got {seeds}, {epochs} and {rounds}."
        )
