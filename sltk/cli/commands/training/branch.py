"""``sltk branch``: a level of ``sltk train --levels`` trained again, as it was or changed."""

from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from sltk.cli.commands.training.train import rows_table
from sltk.cli.results import run_tasks, write_summary
from sltk.cli.training_options import Branch
from sltk.core.errors import SltkError
from sltk.core.files import read_json, sha256
from sltk.studies.training.one_method import TrainJob, job_of, level_folders, measure_branch
from sltk.train.branches import KINDS
from sltk.train.levels import level_path


def run_branch(options: Branch, console: Console) -> int:
    """Run the branches and print them beside the level; 0 whatever comes of them."""
    summary = read_json(options.folder / "summary.json")
    job = job_of(summary.get("command", {}))
    digest = _digest(options, job)
    tasks = {
        kind: {"study": "branch", "revision": 1, "level": options.level, "digest": digest, "kind": kind,
               "rewind": options.rewind, "run": job.inputs()}
        for kind in options.kinds
    }  # fmt: skip
    found, folder, seconds = run_tasks(
        "branch", tasks, partial(_measure, job, options.folder, options.level, options.rewind), options.folder,
        options.jobs, console,
    )  # fmt: skip
    own = [row for row in summary["outputs"][job.method]["rows"] if row["label"] == options.level]
    rows = [{**row, "label": f"level {options.level}"} for row in own if row["arm"] == "ticket"]
    rows += [row for kind in options.kinds for row in found[kind]["rows"]]
    title = f"Branches from level {options.level}, rewound to step {options.rewind}: means over {job.seeds} seeds"
    console.print(rows_table(rows, title))
    command: dict[str, Any] = {"level": options.level, "kinds": list(options.kinds), "rewind": options.rewind}
    path = write_summary(folder, command, found, [])
    console.print(f"{seconds:.0f} s. Rows: {path}", highlight=False, soft_wrap=True)
    return 0


def _measure(job: TrainJob, folder: Path, label: str, rewind: int, kind: str, checkpoint: Path) -> dict[str, Any]:
    return measure_branch(job, folder, label, kind, rewind, checkpoint)


def _digest(options: Branch, job: TrainJob) -> str:
    """Hash of the level's files; refuses what is not there before anything is run."""
    if unknown := sorted(set(options.kinds) - set(KINDS)):
        raise SltkError(f"--kinds are of {', '.join(KINDS)}, but got {', '.join(unknown)}.")
    parts = []
    for place in level_folders(options.folder):
        path = level_path(place, options.level)
        if not path.is_file():
            held = ", ".join(sorted(file.stem for file in place.glob("*.level")))
            raise SltkError(f"there is no level {options.level!r} of {job.method} in {place}; it holds {held}.")
        parts.append(sha256(path.read_bytes()))
    return sha256(" ".join(parts).encode())[:16]
