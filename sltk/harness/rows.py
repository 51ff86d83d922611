"""Rows of a measurement on disk: JSON lines, each named by what went in and sealed against damage.

A row is ``{"id", "inputs", "outputs", "seal"}``: ``id`` is the SHA-256 of the canonical JSON of the inputs, ``seal``
that of inputs and outputs together. A line that is cut short, altered, or named wrongly is damaged: it is set aside
when the file is opened, and what it held counts as not yet measured. One process writes a file at a time.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic


def row_id(inputs: Mapping[str, Any]) -> str:
    """Content hash of ``inputs``: equal inputs, and only they, share it."""
    return sha256(canonical_json(dict(inputs)))


class RowStore:
    """The rows of one file, or of none: then they live in memory only.

    Opening reads the file. If it holds damaged lines, it is rewritten without them at once, atomically.

    Args:
        path: the file; made on the first row.

    Attributes:
        damaged: how many lines were set aside when the file was opened.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.damaged = 0
        self._rows: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            self._open(path)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """Outputs that are stored for ``inputs``, or None."""
        return self._rows.get(row_id(inputs))

    def add(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Store a row; it is on the disk when this returns.

        Raises:
            SltkError: values that JSON has no form for, a row that is there already, a file that cannot be written.
        """
        name = row_id(inputs)
        if name in self._rows:
            raise SltkError(f"row {name[:12]} is stored already; ask get before measuring again.")
        line = canonical_json(_sealed(dict(inputs), dict(outputs)))
        if self.path is not None:
            _append(self.path, line)
        self._rows[name] = json.loads(line)["outputs"]

    def _open(self, path: Path) -> None:
        kept = []
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SltkError(f"cannot read {path}: {error.strerror or error}. Check the path.") from error
        for line in content.split(b"\n"):
            row = _sound(line)
            if row is not None and row["id"] not in self._rows:
                self._rows[row["id"]] = row["outputs"]
                kept.append(line)
            elif line.strip():
                self.damaged += 1
        if self.damaged or (content and not content.endswith(b"\n")):
            write_atomic(path, b"".join(line + b"\n" for line in kept))


def _sealed(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    seal = sha256(canonical_json({"inputs": inputs, "outputs": outputs}))
    return {"id": row_id(inputs), "inputs": inputs, "outputs": outputs, "seal": seal}


def _sound(line: bytes) -> dict[str, Any] | None:
    """The row of a line, where every part of it is as it was written."""
    try:
        row = json.loads(line)
        return row if canonical_json(_sealed(row["inputs"], row["outputs"])) == line else None
    except (ValueError, KeyError, TypeError, RecursionError):  # SltkError is a ValueError
        return None


def _append(path: Path, line: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SltkError(f"cannot write {path}: {error.strerror or error}. Name a file in a writable folder.") from error
