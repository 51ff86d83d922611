"""Shards of a study: a shared folder is the truth, one file a worker, merged by the hash of the rows.

A shard measures what no file of the folder has yet, and appends it to a file that no other process writes. Shards may
run twice, at once or one after the other, be killed, and arrive in any order: rows have their random numbers by name,
so that two workers that measure the same row write the same line. A line that a killed worker left torn is no row.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from sltk.core.report import Report
from sltk.harness.away.gathered import SHARDS, ids_of
from sltk.harness.away.where import Shard
from sltk.harness.lines import row_id
from sltk.harness.rows import RowStore
from sltk.harness.stored import measured
from sltk.harness.study import Study, StudyOptions

Options = TypeVar("Options", bound=StudyOptions)


@dataclass(frozen=True)
class ShardDone:
    """What a shard came to: rows of its share, how many it measured now, and the file it wrote them to."""

    shard: Shard
    rows: int
    measured: int
    file: Path


def run_shard(study: Study[Options], options: Options, shard: Shard, report: Report | None = None) -> ShardDone:
    """Measure the rows of ``shard`` that the study's folder does not hold yet."""
    options = study.preset(options)
    folder, tasks = study.folder(options), study.tasks(options)
    names = {text: row_id(inputs) for text, inputs in tasks.items()}
    mine, known = shard.of(list(names.values())), ids_of(folder)
    todo = {text: tasks[text] for text, name in names.items() if name in mine and name not in known}
    file = folder / SHARDS / f"{shard.index}-of-{shard.count}.{_worker()}.jsonl"
    if todo:
        measured(
            todo, partial(study.outputs_of, options), RowStore(file), jobs=options.jobs, report=report,
            name=f"{study.name}, shard {shard}",
        )  # fmt: skip
    return ShardDone(shard, len(mine), len(todo), file)


def _worker() -> str:
    # Only a name: no row depends on it, and two workers never share one, on whatever machines they are.
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
