"""A row as one line: what it is named by, its seal, and whether a line is as it was written."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sltk.core.files import canonical_json, sha256


def row_id(inputs: Mapping[str, Any]) -> str:
    """Content hash of ``inputs``: equal inputs, and only they, share it."""
    return sha256(canonical_json(dict(inputs)))


def sealed(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The row of ``inputs`` and ``outputs``, with its name and its seal."""
    inside = {"inputs": dict(inputs), "outputs": dict(outputs)}
    return {"id": row_id(inputs), **inside, "seal": sha256(canonical_json(inside))}


def sound(line: bytes) -> dict[str, Any] | None:
    """The row of a line, where every part of it is as it was written; else ``None``."""
    try:
        row = json.loads(line)
        return row if canonical_json(sealed(row["inputs"], row["outputs"])) == line else None
    except (ValueError, KeyError, TypeError, RecursionError):  # SltkError is a ValueError
        return None


def lines_of(content: bytes) -> Iterator[bytes]:
    """Lines that are not blank."""
    return (line for line in content.split(b"\n") if line.strip())


def joined(lines: Iterable[bytes]) -> bytes:
    """The content of a file of these lines."""
    return b"".join(line + b"\n" for line in lines)
