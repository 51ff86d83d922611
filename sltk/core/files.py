"""Files that are written whole or not at all, and JSON that has one spelling."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, cast

from sltk.core.errors import SltkError
from sltk.core.temporary import sweep, temporary


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader finds the old file or the new one, never a part.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name at once.
    Missing parent folders are made. If writing fails, the old file stays and the temporary one is removed. One that a
    killed process left is removed by the next write of the same path.

    Raises:
        SltkError: the folder or the file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise SltkError(f"cannot write {path}: {error.strerror or error}. Name a file in a writable folder.") from error


def sha256(data: bytes) -> str:
    """SHA-256 of ``data``, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON of ``value`` with sorted keys and no blanks: equal values give equal bytes.

    Floats are written by their shortest round-trip form, so reading gives the same number back.

    Raises:
        SltkError: NaN, an infinity, a key that is no string, or a value that JSON has no form for.
    """
    try:
        text = json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise SltkError(
            f"canonical_json cannot write {type(value).__name__}: {error}. "
            "Pass dicts, lists, strings, finite numbers, booleans and None only."
        ) from error
    _require_string_keys(value)
    return text.encode()


def read_json(path: str | Path) -> Any:
    """The JSON value in ``path``.

    Raises:
        SltkError: no such file, not UTF-8, not JSON, NaN or an infinity, or a key that appears twice.
    """
    try:
        text = Path(path).read_bytes().decode()
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except OSError as error:
        raise SltkError(f"cannot read {path}: {error.strerror or error}. Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise SltkError(
            f"{path} is no valid JSON: {error}. Was it cut short, or written by another program?"
        ) from error


def _replace(path: Path, data: bytes) -> None:
    with temporary(path, _mode(path)) as (file, place):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.replace(place, path)
    sweep(path)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else 0o666


def _require_string_keys(value: Any) -> None:
    # json.dumps would write the key 1 as "1", and two unequal values would share their bytes.
    if isinstance(value, dict):
        for key, item in cast("dict[Any, Any]", value).items():
            if not isinstance(key, str):
                raise SltkError(f"canonical_json needs string keys, but got {key!r}; use str(key).")
            _require_string_keys(item)
    elif isinstance(value, (list, tuple)):
        for item in cast("list[Any] | tuple[Any, ...]", value):
            _require_string_keys(item)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"it holds {text}, which JSON does not have")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return result
