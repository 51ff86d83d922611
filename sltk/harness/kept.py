"""Rows that are kept with the source: the ``standard`` run of a study, from which figures and documents are made."""

import sys
from pathlib import Path
from typing import Any

from sltk.core.errors import SltkError
from sltk.core.files import write_atomic
from sltk.harness.lines import joined, lines_of, sound
from sltk.harness.rows import RowStore
from sltk.harness.study import Study, StudyOptions, StudyResult, StudyRow

KEPT = "standard.jsonl"


def kept_file(study: Study[Any]) -> Path:
    """``standard.jsonl`` beside the module of the study."""
    place = sys.modules[type(study).__module__].__file__
    if place is None:
        raise SltkError(f"the study {study.slug} has no file, so that nothing can be kept beside it.")
    return Path(place).with_name(KEPT)


def keep(study: Study[Any], result: StudyResult) -> Path:
    """Write the rows of ``result`` to the kept file, in the order of their names: the same rows, the same bytes."""
    place = kept_file(study)
    write_atomic(place, joined(sorted(study.sealed_line(row) for row in result.rows)))
    return place


def kept_rows(study: Study[Any]) -> RowStore:
    """The kept rows, in memory; none where there is no file.

    Raises:
        SltkError: a line that is damaged.
    """
    place, store = kept_file(study), RowStore()
    for line in sorted(set(lines_of(place.read_bytes()))) if place.is_file() else ():
        row = sound(line)
        if row is None:
            raise SltkError(f"{place} holds a damaged line: {line[:80]!r}. Restore it, or make it: {making(study)}.")
        store.add(row["inputs"], row["outputs"])
    return store


def recalled(study: Study[Any], options: StudyOptions) -> StudyResult:
    """What the kept rows say; nothing is measured.

    Raises:
        SltkError: rows are missing, or were kept by a study of another revision.
    """
    store = kept_rows(study)
    missing = [inputs for inputs in study.tasks(study.preset(options)).values() if store.get(inputs) is None]
    if missing:
        raise SltkError(
            f"{len(missing)} rows of the study {study.slug} are not kept (the first: {missing[0]['cell']}). Make them: "
            f"{making(study)}."
        )
    return study.result(options, store)


def making(study: Study[Any]) -> str:
    """The command that makes the kept rows."""
    return f"sltk run {study.slug} --keep"


def unlike(study: Study[Any], result: StudyResult) -> list[str]:
    """Names of rows whose outputs are not those that are kept, clocks aside."""
    store = kept_rows(study)
    return [row.name for row in result.rows if _differ(study, row, store.get(study.inputs(row.cell)))]


def _differ(study: Study[Any], row: StudyRow, known: dict[str, Any] | None) -> bool:
    names = {*row.outputs, *(known or ())} - study.clocks
    return known is not None and any(row.outputs.get(name) != known.get(name) for name in names)
