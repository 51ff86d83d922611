"""Temporaries that a killed process leaves are swept, and those of a living one are not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sltk.core import temporary
from sltk.core.files import write_atomic
from sltk.core.temporary import AGE, sweep
from sltk.harness.rows import RowStore

# Writes to a file, and stops for good in the middle: its temporary is there, and has not the name yet.
WRITER = """
import os, sys, time
from sltk.core import files

def stop(_):
    print("writing", flush=True)
    time.sleep(600)

files.os.fsync = stop
files.write_atomic(sys.argv[1], b"from the writer")
"""


def writer(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def parts(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.endswith(".part"))


def test_a_killed_writer_is_swept_by_the_next_write_of_the_same_path(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    process = writer(path)
    try:
        assert len(parts(tmp_path)) == 1
        write_atomic(path, b"beside a living writer")
        assert len(parts(tmp_path)) == 1  # negative control: it lives
    finally:
        kill(process)
    assert len(parts(tmp_path)) == 1
    write_atomic(tmp_path / "other.bin", b"another path")
    write_atomic(tmp_path / "a.bin.b", b"a path that begins alike")
    assert len(parts(tmp_path)) == 1
    write_atomic(path, b"after it was killed")
    assert parts(tmp_path) == []
    assert path.read_bytes() == b"after it was killed"


def test_opening_rows_sweeps(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    RowStore(path).add({"a": 1}, {"b": 2})
    process = writer(path)
    try:
        RowStore(path)
        assert len(parts(tmp_path)) == 1
    finally:
        kill(process)
    assert RowStore(path)[{"a": 1}] == {"b": 2}
    assert parts(tmp_path) == []


def test_names_are_not_patterns(tmp_path: Path) -> None:
    others = [f".a.{'0' * 16}.part", f".[ab].b.{'0' * 16}.part", ".[ab].of-a-user.part"]
    for name in (f".[ab].{'0' * 16}.part", *others):
        (tmp_path / name).write_bytes(b"")
    assert sweep(tmp_path / "[ab]") == 1
    assert parts(tmp_path) == sorted(others)


def test_without_locks_age_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "fcntl", None)
    young, old = (tmp_path / f".a.{n * 16}.part" for n in "12")
    for place in (young, old):
        place.write_bytes(b"")
    os.utime(old, (0, time.time() - AGE - 60))
    assert sweep(tmp_path / "a") == 1
    assert parts(tmp_path) == [young.name]


def test_a_temporary_that_is_swept_before_it_is_held_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, swept = temporary.hold, []

    def late(handle: int, wait: bool) -> bool | None:
        if wait and not swept:
            swept.append(sweep(tmp_path / "a"))
        return real(handle, wait)

    monkeypatch.setattr(temporary, "hold", late)
    write_atomic(tmp_path / "a", b"whole")
    assert swept == [1]
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"whole"
