"""A measurement: declared whole before it starts, run block by block, never twice.

A measurement is cut into tasks of at most ``block`` trials. A task draws from a random stream of its own, named by
its inputs alone, so its row is the same whether it runs first or last, in this process or another, today or after a
run that was killed. Rows that are in the store are not measured again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sltk.core.claim import Measure, Preset
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json
from sltk.core.report import Report
from sltk.core.rng import require_seed, stream
from sltk.core.statistics.verdict import merge
from sltk.harness.rows import RowStore
from sltk.harness.stored import measured

BLOCK = 500


@dataclass(frozen=True)
class RowTask:
    """One row to be: ``trials`` trials of the cell ``cell`` (canonical JSON), block number ``block``."""

    key: str
    cell: str
    block: int
    trials: int
    seed: int
    revision: int

    @property
    def inputs(self) -> dict[str, Any]:
        """All that the row depends on."""
        return {**vars(self), "cell": json.loads(self.cell)}

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> "RowTask":
        """The task that has these inputs."""
        return cls(**{**inputs, "cell": canonical_json(inputs["cell"]).decode()})

    def run(self, measure: Measure) -> dict[str, Any]:
        """Measure, from the task's own stream."""
        names = (self.key, self.cell, self.block, self.trials, self.revision)
        outputs = measure(json.loads(self.cell), self.trials, stream(self.seed, "measurement", *names))
        return json.loads(canonical_json(dict(outputs)))


@dataclass(frozen=True)
class Measurement:
    """What is measured, completely.

    Args:
        key: of the claim.
        grid: cells, JSON objects, all different.
        trials: of every cell.
        seed: root of the random streams.
        false_alarm: declared for the tests that the rows will be put to, together.
        preset: ``quick`` or ``standard``; no row depends on it.
        block: most trials of one row.
        revision: of the code that measures.

    Raises:
        SltkError: unequal lengths, trials below 1, cells that are equal, a seed out of range.
    """

    key: str
    grid: tuple[Mapping[str, Any], ...]
    trials: tuple[int, ...]
    seed: int = 0
    false_alarm: float = 0.0
    preset: Preset = "quick"
    block: int = BLOCK
    revision: int = 1

    def __post_init__(self) -> None:
        require_seed(self.seed)
        texts = {canonical_json(dict(cell)) for cell in self.grid}
        if len(texts) != len(self.grid) or len(self.trials) != len(self.grid):
            raise SltkError(
                f"measurement {self.key!r} needs different cells with one number of trials each, but got "
                f"{len(self.grid)} cells, {len(texts)} of them different, and {len(self.trials)} numbers of trials."
            )
        if self.block < 1 or any(trials < 1 for trials in self.trials):
            raise SltkError(f"measurement {self.key!r} needs trials >= 1 and block >= 1, but got {self.trials}.")

    def tasks(self, number: int) -> tuple[RowTask, ...]:
        """Tasks of cell ``number``, in order."""
        cell, trials = canonical_json(dict(self.grid[number])).decode(), self.trials[number]
        starts = range(0, trials, self.block)
        return tuple(
            RowTask(self.key, cell, index, min(self.block, trials - start), self.seed, self.revision)
            for index, start in enumerate(starts)
        )

    def all_tasks(self) -> tuple[RowTask, ...]:
        """Tasks of all cells, in order."""
        return tuple(task for number in range(len(self.grid)) for task in self.tasks(number))


def run(
    measurement: Measurement,
    measure: Measure,
    store: RowStore | None = None,
    *,
    jobs: int = 1,
    report: Report | None = None,
) -> list[dict[str, Any]]:
    """Measure what the store lacks.

    Args:
        measurement: the declaration.
        measure: ``(cell, trials, generator)`` to outputs; a function of a module where ``jobs > 1``.
        store: rows so far; default none, and none are kept.
        jobs: processes; rows are written by this one.
        report: called with (key, tasks done, tasks in all).

    Returns:
        For every cell, the merged outputs of its rows (``sltk.core.statistics.verdict.merge``).
    """
    rows = measured(
        {task: task.inputs for task in measurement.all_tasks()}, partial(RowTask.run, measure=measure),
        RowStore() if store is None else store, jobs=jobs, name=measurement.key, report=report,
    )  # fmt: skip
    return [merge(rows[task] for task in measurement.tasks(number)) for number in range(len(measurement.grid))]
