"""Tasks whose rows are kept in a folder named by the content of what is run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sltk.core.files import canonical_json, sha256
from sltk.harness.rows import RowStore


def folder_of(out: Path, name: str, inputs: Sequence[Mapping[str, Any]]) -> Path:
    """``out/NAME-HASH``: equal inputs, and only they, share it."""
    return out / f"{name}-{sha256(canonical_json([dict(i) for i in inputs]))[:12]}"


def measured(
    tasks: Mapping[str, Mapping[str, Any]],
    measure: Callable[[str], Mapping[str, Any]],
    store: RowStore,
    *,
    jobs: int = 1,
    report: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Outputs by task; what the store lacks is measured, in ``jobs`` processes, and kept.

    Args:
        tasks: inputs by name.
        measure: name to outputs; of a module or a partial of one where ``jobs > 1``.
        store: rows so far.
        jobs: processes.
        report: called with (name, tasks done, tasks in all).
    """
    missing = [name for name, inputs in tasks.items() if store.get(inputs) is None]
    done = len(tasks) - len(missing)
    if report:
        report("measuring", done, len(tasks))
    for name, outputs in _outputs(missing, measure, jobs):
        store.add(tasks[name], outputs)
        done += 1
        if report:
            report(name, done, len(tasks))
    return {name: store.get(inputs) for name, inputs in tasks.items()}


def _outputs(names: list[str], measure: Callable[[str], Mapping[str, Any]], jobs: int) -> Any:
    if jobs == 1 or len(names) < 2:
        return ((name, measure(name)) for name in names)
    from joblib import Parallel, delayed  # only where several processes are asked for

    found: Any = Parallel(n_jobs=jobs, return_as="generator")(delayed(measure)(name) for name in names)
    return zip(names, found, strict=True)
