"""Rows of a measurement on disk: JSON lines, each named by what went in and sealed against damage.

A row is ``{"id", "inputs", "outputs", "seal"}``: ``id`` is the SHA-256 of the canonical JSON of the inputs, ``seal``
that of inputs and outputs together. A line that is cut short, altered, or named wrongly is damaged: it is moved to
``FILE.damaged``, and what it held counts as not yet measured.

Several processes may write one file. Each holds a lock while it reads what the others have appended, mends a last
line that a killed one left torn, and appends its own. A row that is there already is not appended again; two rows with
the same inputs and different outputs are no damage but a contradiction, and are named as one.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.temporary import sweep
from sltk.harness.lines import joined, lines_of, row_id, sealed, sound
from sltk.harness.locked import locked


class RowStore:
    """The rows of one file, or of none: then they live in memory only.

    Opening reads the file, and removes temporaries that killed processes left beside it. If it holds damaged lines, it
    is rewritten without them at once, atomically.

    Args:
        path: the file; made on the first row.

    Attributes:
        damaged: how many lines were set aside.
        disputed: rows that were to be added here when another process had stored them with other outputs; these stay.

    Raises:
        SltkError: a file that cannot be read, or one that holds two rows with the same inputs and different outputs.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.damaged = 0
        self.disputed: list[str] = []
        self._rows: dict[str, dict[str, Any]] = {}
        self._file, self._end = (0, 0), 0  # which file was read, and how far
        if path is not None and path.exists():
            self._open(path)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """Outputs that are stored for ``inputs``, or None."""
        return self._rows.get(row_id(inputs))

    def __getitem__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Outputs that are stored for ``inputs``.

        Raises:
            SltkError: there are none.
        """
        outputs = self.get(inputs)
        if outputs is None:
            raise SltkError(f"no row is stored for {dict(inputs)}; measure it first.")
        return outputs

    def add(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Store a row; it is on the disk when this returns.

        Where another process has stored the row meanwhile, its outputs are the row's, here too.

        Raises:
            SltkError: values that JSON has no form for, a row that is there already, a file that cannot be written.
        """
        name = row_id(inputs)
        if name in self._rows:
            raise SltkError(f"row {name[:12]} is stored already; ask get before measuring again.")
        line = canonical_json(sealed(dict(inputs), dict(outputs)))
        if self.path is None:
            self._take(line)
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._current(self.path) as file:
                self._append(file, line)
        except OSError as error:
            raise SltkError(
                f"cannot write {self.path}: {error.strerror or error}. Name a file in a writable folder."
            ) from error

    def _open(self, path: Path) -> None:
        sweep(path)
        try:
            with self._current(path):
                return
        except OSError:
            content = _content(path)  # rows may be read where none can be written
        self.damaged += sum(not self._take(line) for line in lines_of(content))

    @contextmanager
    def _current(self, path: Path) -> Iterator[BinaryIO]:
        """The file, locked, in whole lines, and all of them known here."""
        while True:
            with locked(path) as file:
                if self._caught_up(file):
                    yield file
                    return
                self._mend(path, file)  # another file has the name now

    def _caught_up(self, file: BinaryIO) -> bool:
        """Take the rows that were appended since; whether all of it was whole lines, none of them damaged."""
        state = os.fstat(file.fileno())
        this = (state.st_dev, state.st_ino)
        if this != self._file or state.st_size < self._end:
            self._file, self._end = this, 0
        file.seek(self._end)
        new = file.read()
        self._end += len(new)
        taken = [self._take(line) for line in lines_of(new)]
        return all(taken) and (not new or new.endswith(b"\n"))

    def _mend(self, path: Path, file: BinaryIO) -> None:
        file.seek(0)
        lines = list(lines_of(file.read()))
        damaged = [line for line in lines if sound(line) is None]
        if damaged:
            with path.with_name(path.name + ".damaged").open("ab") as aside:
                aside.write(joined(damaged))
        self.damaged += len(damaged)
        write_atomic(path, joined(line for line in lines if sound(line) is not None))
        self._file, self._end = (0, 0), 0  # the next file may have the number of this one, and be torn where this was

    def _append(self, file: BinaryIO, line: bytes) -> None:
        row = json.loads(line)
        known = self._rows.get(row["id"])
        if known is not None:
            if known != row["outputs"]:
                self.disputed.append(_dispute(self.path, row, known, "the stored ones stay"))
            return
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
        self._end += len(line) + 1
        self._take(line)

    def _take(self, line: bytes) -> bool:
        """Know the row of a line; whether the line is sound."""
        row = sound(line)
        if row is None:
            return False
        known = self._rows.setdefault(row["id"], row["outputs"])
        if known != row["outputs"]:
            raise SltkError(_dispute(self.path, row, known, "delete the line that is wrong, or both"))
        return True


def _dispute(path: Path | None, row: Mapping[str, Any], known: Mapping[str, Any], cure: str) -> str:
    apart = sorted(name for name in {*known, *row["outputs"]} if known.get(name) != row["outputs"].get(name))
    inputs = canonical_json(row["inputs"]).decode()
    return (
        f"two rows {row['id'][:12]} of {path} differ in {', '.join(apart)}, though their inputs are {inputs}; {cure}."
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SltkError(f"cannot read {path}: {error.strerror or error}. Check the path.") from error
