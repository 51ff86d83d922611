"""Arrays that take seconds to estimate, kept on disk by their content.

A file is named by the hash of what went in: targets, tolerances, law, the first draws of what is shared, trials, seed.
It is sealed with the hash of inputs and values together. One that is cut short, altered or named wrongly is not
believed: the array is estimated again, and the file written anew.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sltk.construct.pools.problems import ProblemFamily
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, read_json, sha256, write_atomic
from sltk.core.numerics.arrays import Values
from sltk.core.rng import stream

VERSION = 1  # of the estimators: a change of their numbers is another content
PROBES = 64  # draws that stand for the law of what is shared


def kept(folder: Path | None, inputs: Mapping[str, Any], estimate: Callable[[], Values]) -> Values:
    """The array of ``inputs``: from its file in ``folder`` if that is sound, else from ``estimate``, and then kept.

    Raises:
        SltkError: the folder cannot be written.
    """
    if folder is None:
        return estimate()
    asked = {**inputs, "version": VERSION}
    path = folder / f"{sha256(canonical_json(asked))}.json"
    found = _sound(path, asked)
    if found is None:
        found = np.asarray(estimate(), dtype=np.float64)
        values = {"shape": list(found.shape), "values": found.reshape(-1).tolist()}
        write_atomic(path, canonical_json({"inputs": asked, **values, "seal": _seal(asked, values)}))
    return found


def content(part: ProblemFamily) -> dict[str, Any]:
    """What fixes the estimates of a family, as JSON: large arrays by their hashes, random factors by some draws."""
    record: dict[str, Any] = {
        "stage": part.stage, "kind": part.kind, "eps": part.eps, "copies": part.copies, "sides": part.sides,
        "n": part.n, "law": part.law.spec(), "targets": hashed(part.targets), "scale": hashed(part.scale),
        "group": hashed(part.group),
    }  # fmt: skip
    if part.shared is not None:
        record["shared"] = hashed(part.shared(stream(0, "kept", "probes"), PROBES))
    return record


def hashed(values: Any) -> str:
    """SHA-256 of an array's bytes."""
    return sha256(np.ascontiguousarray(values).tobytes())


def _seal(inputs: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    return sha256(canonical_json({"inputs": dict(inputs), **values}))


def _sound(path: Path, inputs: Mapping[str, Any]) -> Values | None:
    """The array of a file that is whole and belongs to ``inputs``; else ``None``."""
    if not path.exists():
        return None
    try:
        row = read_json(path)
        values = {name: row[name] for name in ("shape", "values")}
        if row["inputs"] != inputs or row["seal"] != _seal(inputs, values):
            return None
        return np.array(values["values"], dtype=np.float64).reshape(values["shape"])
    except (SltkError, KeyError, TypeError, ValueError):
        return None
