"""What the three commands that train share: a folder that names itself, and a summary."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from sltk.core.about import About
from sltk.core.commit import commit
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.core.statistics.paired import TESTED
from sltk.harness.progress import progress
from sltk.harness.rows import RowStore, row_id
from sltk.harness.stored import folder_of, measured
from sltk.studies.findings import PairedFinding
from sltk.train.common_start import SHARED


def run_tasks(
    name: str,
    tasks: Mapping[str, Mapping[str, Any]],
    measure: Callable[[str, Path], Mapping[str, Any]],
    out: Path,
    jobs: int,
    console: Console,
) -> tuple[dict[str, Any], Path, float]:
    """Outputs of ``tasks``, the folder that keeps them, and seconds; what is in the folder is not run again.

    ``measure`` takes a task and a folder for its checkpoints, which is removed when the row is written, and what tasks
    share beside it, in ``SHARED``, when all are.
    """
    if jobs < 1:
        raise SltkError(f"--jobs must be at least 1, but got {jobs}.")
    folder = folder_of(out, name, list(tasks.values()))
    places = {task: folder / "checkpoints" / row_id(inputs)[:16] for task, inputs in tasks.items()}
    started = time.perf_counter()
    with progress(console) as report:
        found = measured(
            tasks, partial(_resumed, measure, places), RowStore(folder / "rows.jsonl"), jobs=jobs, report=report,
            stored=lambda task: _remove(places[task]),
        )  # fmt: skip
    _remove(folder / "checkpoints" / SHARED)
    return found, folder, time.perf_counter() - started


def _resumed(
    measure: Callable[[str, Path], Mapping[str, Any]], places: Mapping[str, Path], task: str
) -> Mapping[str, Any]:
    return measure(task, places[task])


def _remove(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):  # others are at work in it, or there never was one
        place.parent.rmdir()


def write_summary(
    folder: Path, command: Mapping[str, Any], found: Mapping[str, Any], judged: Sequence[PairedFinding]
) -> Path:
    """``summary.json`` beside the rows: command, outputs, findings, and what the findings test."""
    path = folder / "summary.json"
    document = {"command": dict(command), "outputs": dict(found), "findings": [asdict(one) for one in judged],
                "tested": TESTED}  # fmt: skip
    write_atomic(path, canonical_json(document))
    return path


def about(command: str, found: Mapping[str, Any], inputs: Mapping[str, Any]) -> About:
    """What the figure of a command says of itself: its rows are ``found``, what was asked are the notes."""
    rows = sha256(canonical_json(dict(found)))
    made = About(study=command, claim="none", command=f"sltk {command}", rows=rows, commit=commit())
    return made.noting(**inputs)


def require_counts(seeds: int, epochs: int, rounds: int = 1) -> None:
    """Refuse what cannot be run.

    Raises:
        SltkError: a number below 1, or more seeds than the exact paired test enumerates.
    """
    if not 1 <= seeds <= 22 or epochs < 1 or rounds < 1:
        raise SltkError(
            f"needs 1 to 22 --seeds, --epochs and --rounds at least 1, but got {seeds}, {epochs} and {rounds}."
        )
