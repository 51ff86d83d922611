"""What the files of a shared folder hold: its rows and those of all shards that wrote to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json
from sltk.harness.lines import lines_of, sound
from sltk.harness.rows import RowStore

ROWS, SHARDS = "rows.jsonl", "shards"


def ids_of(folder: Path) -> set[str]:
    """Names of all sound rows of ``folder``, its shards' among them."""
    files = [folder / ROWS, *sorted((folder / SHARDS).glob("*.jsonl"))]
    lines = (line for file in files if file.is_file() for line in lines_of(file.read_bytes()))
    return {row["id"] for line in lines if (row := sound(line)) is not None}


def gather(folder: Path, store: RowStore, clocks: frozenset[str]) -> int:
    """Take the rows of all shards of ``folder`` into ``store``; the number of lines that are none.

    Raises:
        SltkError: two rows with the same inputs and different outputs, of ``clocks`` excepted.
    """
    torn = 0
    for line in sorted({one for file in (folder / SHARDS).glob("*.jsonl") for one in lines_of(file.read_bytes())}):
        row = sound(line)
        if row is None:
            torn += 1
            continue
        known = store.get(row["inputs"])
        if known is None:
            store.add(row["inputs"], row["outputs"])
        elif _timeless(known, clocks) != _timeless(row["outputs"], clocks):
            raise SltkError(
                f"two rows {row['id'][:12]} under {folder} differ, though their inputs are "
                f"{canonical_json(row['inputs']).decode()}: shards of different code? Delete the files that are wrong."
            )
    return torn


def _timeless(outputs: Mapping[str, Any], clocks: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in outputs.items() if name not in clocks}
