"""Rates of a run over those of the run before it, whose file it replaces."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

Key = tuple[str, int, str]


def over_before(path: Path, measured: list[dict[str, Any]]) -> dict[Key, float]:
    """By (program, n, objective): targets a second now over those in the file; empty where there is none to read.

    Args:
        path: what an earlier run wrote; rows that only one of the two has are left out.
        measured: rows of this run, as they are written.
    """
    try:
        before = {key(row): rate(row) for row in json.loads(path.read_text())["measured"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {key(row): rate(row) / before[key(row)] for row in measured if key(row) in before}


def key(row: Mapping[str, Any]) -> Key:
    """What a row is of."""
    return row["program"], row["n"], row["objective"]


def rate(row: Mapping[str, Any]) -> float:
    """Targets a second, median over rounds."""
    return row["targets"] / median(row["seconds"])
