"""Constructions of a residual ticket, killed at random moments and resumed, against one that was let be.

Run ``sltk run resume``; it prints a line a kill and writes ``out/resume/study.json``.

The ticket is built once to its end by a process of its own. Then, ``--kills`` times over: a fresh process is killed
(SIGKILL, which it cannot catch) at a moment drawn from a named stream, uniform over the length of the construction;
another process goes on with what lies there; the bytes of the two files are compared. All of it is one row, since the
moments depend on how long the construction takes here.
"""

import multiprocessing
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from experiments.resume.build import RECIPE, SEED, build, checkpoint
from sltk.core.errors import SltkError
from sltk.core.files import sha256
from sltk.core.rng import stream
from sltk.harness.study import Study, StudyOptions, StudyRow


@dataclass(frozen=True, kw_only=True)
class ResumeOptions(StudyOptions):
    """What is asked."""

    kills: int = 10
    """Constructions that are killed and resumed."""
    seed: int = 0
    """Of the moments."""
    n: int = 26
    """Samples of a pool."""
    out: Path = Path("out/resume")


class Resume(Study[ResumeOptions]):
    """One row for all kills."""

    name = "resume"
    measures = "Whether a construction that was killed and resumed gives the bytes of one that was let be."
    options = ResumeOptions
    quick: ClassVar = {"kills": 2, "n": 16}
    minutes = 1.8
    clocks: ClassVar = frozenset({"seconds", "rows"})

    def cells(self, options: ResumeOptions) -> dict[str, dict[str, Any]]:
        """One."""
        recipe = replace(RECIPE, n=options.n).record()
        return {"kills": {"kills": options.kills, "seed": options.seed, "recipe": recipe, "source": SEED}}

    def measure(self, cell: Mapping[str, Any], options: ResumeOptions) -> dict[str, Any]:
        """Kill, resume, compare."""
        n, whole = cell["recipe"]["n"], options.out / "whole.ticket"
        options.out.mkdir(parents=True, exist_ok=True)
        length = run(whole, n, None)
        assert length is not None
        moments = stream(cell["seed"], "experiments", "resume").random(cell["kills"]) * length
        found = sha256(whole.read_bytes())
        rows = [killed(number, n, float(moment), found, options.out) for number, moment in enumerate(moments)]
        return {"seconds": length, "sha256": found, "rows": rows}

    def conclude(self, rows: Sequence[StudyRow], options: ResumeOptions) -> Mapping[str, Any]:
        """The row."""
        return rows[0].outputs

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Every resumed construction gave the same bytes; the file of one that did not is kept beside them."""
        return all(row["same"] for row in document["rows"])

    def tables(self, document: Mapping[str, Any]) -> Iterator[str]:
        """One line a kill."""
        rows = document["rows"]
        yield f"uninterrupted: {document['seconds']:.1f} s, {document['sha256'][:16]}"
        for number, row in enumerate(rows, 1):
            yield (f"{number:2d}: killed at {row['moment']:5.2f} s with {row['stages']:2d} stages solved, resumed in "
                   f"{row['resumed']:5.2f} s, {'same' if row['same'] else 'DIFFERENT'}")  # fmt: skip
        same, stopped = sum(row["same"] for row in rows), sum(row["killed"] for row in rows)
        yield f"{same} of {len(rows)} files equal the uninterrupted one byte for byte; {stopped} were killed midway."


def killed(number: int, n: int, moment: float, whole: str, out: Path) -> dict[str, Any]:
    """One construction, killed at ``moment`` seconds and resumed."""
    place = out / f"killed-{number}.ticket"
    place.unlink(missing_ok=True)
    before = run(place, n, moment)
    folder = checkpoint(place)
    stages = len(list(folder.glob("*"))) if folder.is_dir() else 0
    after = run(place, n, None)
    same = sha256(place.read_bytes()) == whole
    if same:
        place.unlink()
    return {"moment": moment, "killed": before is None, "stages": stages, "resumed": after, "same": same}


def run(place: Path, n: int, limit: float | None) -> float | None:
    """Seconds that a process of its own took to build, from where its imports end; ``None`` where it was killed."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=build, args=(place, n, ready))
    process.start()
    while not ready.wait(1.0):
        if process.exitcode is not None:
            raise SltkError(f"the construction of {place} ended with {process.exitcode} before it began.")
    started = time.perf_counter()
    process.join(limit)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    if process.exitcode != 0:
        raise SltkError(f"the construction of {place} ended with {process.exitcode}.")
    return time.perf_counter() - started


STUDY = Resume()

if __name__ == "__main__":
    sys.exit(STUDY.main())
