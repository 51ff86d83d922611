"""Kept estimates: found by their content, and believed only with their hash."""

import json
from pathlib import Path

import numpy as np
import pytest

from sltk.construct.predict.kept import content, kept
from tests.construct.predict.families import shared_families

INPUTS = {"what": "test", "seed": 3}
VALUES = np.array([[0.1, 0.0, 1e-300], [1.0 / 3.0, 2.0, 3.0]])


def counted(folder: Path | None, calls: list[int], inputs: dict[str, object] = INPUTS) -> np.ndarray:
    def estimate() -> np.ndarray:
        calls.append(1)
        return VALUES

    return kept(folder, inputs, estimate)


def test_an_array_is_estimated_once_and_found_again_to_the_last_bit(tmp_path: Path) -> None:
    calls: list[int] = []
    first, second = counted(tmp_path, calls), counted(tmp_path, calls)
    assert len(calls) == 1
    assert first.tobytes() == second.tobytes() == VALUES.tobytes()
    counted(tmp_path, calls, {**INPUTS, "seed": 4})
    assert len(calls) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_folder_nothing_is_kept() -> None:
    calls: list[int] = []
    for _ in range(2):
        counted(None, calls)
    assert len(calls) == 2


def altered(row: dict[str, object]) -> None:
    row["values"] = [0.2, *VALUES.reshape(-1)[1:].tolist()]


def renamed(row: dict[str, object]) -> None:
    row["inputs"] = {**INPUTS, "seed": 5, "version": 1}


def reshaped(row: dict[str, object]) -> None:
    row["shape"] = [3, 2]


def unsealed(row: dict[str, object]) -> None:
    del row["seal"]


@pytest.mark.parametrize("damage", [altered, renamed, reshaped, unsealed])
def test_a_file_without_its_hash_is_not_believed(tmp_path: Path, damage: object) -> None:
    calls: list[int] = []
    counted(tmp_path, calls)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    row = json.loads(whole)
    damage(row)  # pyright: ignore
    path.write_text(json.dumps(row))
    assert counted(tmp_path, calls).tobytes() == VALUES.tobytes()
    assert len(calls) == 2
    assert path.read_bytes() == whole  # written anew


@pytest.mark.parametrize("bytes_left", [0, 1, 40])
def test_a_file_that_was_cut_short_is_not_believed(tmp_path: Path, bytes_left: int) -> None:
    calls: list[int] = []
    counted(tmp_path, calls)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:bytes_left])
    counted(tmp_path, calls)
    assert len(calls) == 2


def test_content_tells_families_apart() -> None:
    """Targets, tolerance, law, n, and the law of what is shared."""
    parts = [*shared_families(n=8), *shared_families(n=9), *shared_families(n=8, param_eps=0.11),
             *shared_families(n=8, law="normal(1.0)"), *shared_families(n=8, scale=0.5)]  # fmt: skip
    hashes = [json.dumps(content(part), sort_keys=True) for part in parts]
    assert len(set(hashes)) == len(parts)
    assert [json.dumps(content(part), sort_keys=True) for part in shared_families(n=8)] == hashes[: len(hashes) // 5]
