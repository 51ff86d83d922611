"""Tasks whose rows are kept: what a store lacks is measured, what it has is not measured again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sltk.core.files import canonical_json, sha256
from sltk.core.report import Report
from sltk.harness.rows import RowStore

Named = TypeVar("Named", bound=object)


def folder_of(out: Path, name: str, inputs: Sequence[Mapping[str, Any]]) -> Path:
    """``out/NAME-HASH``: equal inputs, and only they, share it."""
    return out / f"{name}-{sha256(canonical_json([dict(i) for i in inputs]))[:12]}"


def measured(
    tasks: Mapping[Named, Mapping[str, Any]],
    measure: Callable[[Named], Mapping[str, Any]],
    store: RowStore,
    *,
    jobs: int = 1,
    name: str = "",
    report: Report | None = None,
    stored: Callable[[Named], None] | None = None,
) -> dict[Named, dict[str, Any]]:
    """Outputs by task; what the store lacks is measured, in ``jobs`` processes, and kept.

    Args:
        tasks: inputs by task, which is a name or anything else that can be hashed.
        measure: task to outputs; of a module or a partial of one where ``jobs > 1``.
        store: rows so far.
        jobs: processes; rows are written by this one.
        name: of the work as a whole, which ``report`` is told; default each task's own.
        report: called with (name, tasks done, tasks in all).
        stored: called with each task whose row is in the store, those that were there among them: what was kept to go
            on with the task can go.
    """
    missing = [task for task, inputs in tasks.items() if store.get(inputs) is None]
    done = len(tasks) - len(missing)
    for task in tasks:
        if stored and task not in missing:
            stored(task)
    if report:
        report(name or "measuring", done, len(tasks))
    for task, outputs in _outputs(missing, measure, jobs):
        store.add(tasks[task], outputs)
        done += 1
        if stored:
            stored(task)
        if report:
            report(name or str(task), done, len(tasks))
    return {task: store[inputs] for task, inputs in tasks.items()}


def _outputs(
    tasks: Sequence[Named], measure: Callable[[Named], Mapping[str, Any]], jobs: int
) -> Iterator[tuple[Named, Mapping[str, Any]]]:
    if jobs == 1 or len(tasks) < 2:
        yield from ((task, measure(task)) for task in tasks)
        return
    from joblib import Parallel, delayed  # only where several processes are asked for

    found: Any = Parallel(n_jobs=jobs, return_as="generator")(delayed(measure)(task) for task in tasks)
    yield from zip(tasks, found, strict=True)
