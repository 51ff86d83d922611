"""Several processes write one row file: no row is lost, none is glued to a torn one, and contradictions are named."""

import multiprocessing
import os
import signal
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from sltk.core.errors import SltkError
from sltk.core.files import write_atomic
from sltk.harness import rows
from sltk.harness.rows import RowStore

REPEATS, WRITERS, OWN, SHARED = 20, 3, 3, 2
TORN = b'{"id":"torn'
LIMIT = 60  # seconds that a process is waited for; a repeat takes a few hundredths


def inputs(writer: int, number: int) -> dict:
    """The first rows of all writers are the same ones."""
    return {"writer": 0 if number < SHARED else writer, "number": number}


def outputs(given: dict) -> dict:
    return {"square": given["number"] ** 2, "text": "x" * 200}


def write(folder: Path, writer: int, barrier) -> None:
    for repeat in range(REPEATS):
        barrier.wait(LIMIT)
        store = RowStore(folder / f"{repeat}.jsonl")
        for number in range(SHARED + OWN):
            given = inputs(writer, number)
            if store.get(given) is None:
                store.add(given, outputs(given))
        assert store.disputed == []


def reopen(folder: Path, barrier) -> None:
    """Opens the file over and over, and each time breaks off a write of its own, as a killed process would."""
    for repeat in range(REPEATS):
        barrier.wait(LIMIT)
        place = folder / f"{repeat}.jsonl"
        for _ in range(3):
            RowStore(place)
            with rows.locked(place) as file:
                file.write(TORN)


def expected() -> list[dict]:
    return [inputs(writer, number) for writer in range(WRITERS) for number in range(SHARED + OWN)]


def complaints(place: Path) -> list[str]:
    """What is amiss in a file that all writers have written."""
    store = RowStore(place)
    lost = [given for given in expected() if store.get(given) != outputs(given)]
    twice = len(place.read_bytes().splitlines()) - len(store)
    return [f"lost {given}" for given in lost] + [f"{twice} lines too many"] * (twice != 0)


def test_three_writers_and_a_reopener_lose_nothing(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(WRITERS + 1)
    work = [context.Process(target=write, args=(tmp_path, writer, barrier)) for writer in range(WRITERS)]
    work.append(context.Process(target=reopen, args=(tmp_path, barrier)))
    for process in work:
        process.start()
    for process in work:
        process.join(LIMIT)
    assert [process.exitcode for process in work] == [0] * len(work)
    for repeat in range(REPEATS):
        assert complaints(tmp_path / f"{repeat}.jsonl") == []
        aside = (tmp_path / f"{repeat}.jsonl.damaged").read_bytes().split(b"\n")
        assert {line for line in aside if line} == {TORN}


def endless(place: Path, ready) -> None:
    store, number = RowStore(place), 0
    ready.set()
    while True:
        number += 1
        store.add({"pid": os.getpid(), "number": number}, {"text": "y" * 4000})


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill")
def test_a_writer_that_is_killed_lets_the_others_go_on(tmp_path: Path):
    place, context = tmp_path / "rows.jsonl", multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=endless, args=(place, ready))
    process.start()
    assert ready.wait(LIMIT)
    store = RowStore(place)
    for number in range(20):
        store.add({"mine": number}, {"text": "z"})
    process.kill()
    process.join(LIMIT)
    store.add({"mine": 20}, {"text": "z"})
    again = RowStore(place)
    assert all(again.get({"mine": number}) == {"text": "z"} for number in range(21))
    assert len(place.read_bytes().splitlines()) == len(again)


@contextmanager
def unlocked(path: Path):
    """A broken lock, negative control: between opening and writing, another process mends the file."""
    with path.open("a+b") as file:
        content = path.read_bytes()
        write_atomic(path, content)
        yield file


def test_without_a_lock_a_row_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = tmp_path / "rows.jsonl"
    RowStore(place).add({"a": 1}, {"b": 1})
    with monkeypatch.context() as broken:
        broken.setattr(rows, "locked", unlocked)
        RowStore(place).add({"a": 2}, {"b": 2})
    assert RowStore(place).get({"a": 2}) is None
    RowStore(place).add({"a": 2}, {"b": 2})
    assert RowStore(place).get({"a": 2}) == {"b": 2}


def test_a_torn_line_is_not_glued_to_the_next_row(tmp_path: Path):
    place = tmp_path / "rows.jsonl"
    store = RowStore(place)
    store.add({"a": 1}, {"b": 1})
    with place.open("ab") as file:
        file.write(b'{"id":"to')  # another process, killed
    store.add({"a": 2}, {"b": 2})
    assert store.damaged == 1
    assert [RowStore(place).get({"a": n}) for n in (1, 2)] == [{"b": 1}, {"b": 2}]
    assert (tmp_path / "rows.jsonl.damaged").read_bytes() == b'{"id":"to\n'


def test_a_file_that_another_process_has_mended_is_read_anew(tmp_path: Path):
    place = tmp_path / "rows.jsonl"
    store, other = RowStore(place), RowStore(place)
    store.add({"a": 1}, {"b": 1})
    other.add({"a": 2}, {"b": 2})
    with place.open("ab") as file:
        file.write(b"[1]\n")
    assert RowStore(place).damaged == 1
    store.add({"a": 3}, {"b": 3})
    assert store.get({"a": 2}) == {"b": 2}
    assert len(RowStore(place)) == len(place.read_bytes().splitlines()) == 3


def test_a_new_file_with_the_number_of_the_mended_one_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A number is given again once its file is gone: the same number, length and tear are not the same file."""
    place, tears = tmp_path / "rows.jsonl", [TORN, TORN]
    store = RowStore(place)

    def one_number(handle: int) -> os.stat_result:
        mode, _, *rest = os.fstat(handle)
        return os.stat_result((mode, 7, *rest))

    def mended_and_torn(path: Path, content: bytes) -> None:
        write_atomic(path, content + (tears.pop() if tears else b""))  # by a process that is killed

    monkeypatch.setattr(rows, "os", SimpleNamespace(fstat=one_number, fsync=os.fsync))
    store.add({"a": 1}, {"b": 1})
    with place.open("ab") as file:
        file.write(TORN)
    monkeypatch.setattr(rows, "write_atomic", mended_and_torn)
    store.add({"a": 2}, {"b": 2})
    assert not tears
    assert [RowStore(place).get({"a": n}) for n in (1, 2)] == [{"b": 1}, {"b": 2}]
    assert set((tmp_path / "rows.jsonl.damaged").read_bytes().splitlines()) == {TORN}


def test_equal_duplicates_are_one_row(tmp_path: Path):
    place = tmp_path / "rows.jsonl"
    first, second = RowStore(place), RowStore(place)
    first.add({"a": 1}, {"b": 1})
    second.add({"a": 1}, {"b": 1})
    assert len(place.read_bytes().splitlines()) == 1
    place.write_bytes(2 * place.read_bytes())
    store = RowStore(place)
    assert (len(store), store.damaged, store.disputed) == (1, 0, [])


def test_a_contradiction_is_named(tmp_path: Path):
    place = tmp_path / "rows.jsonl"
    first, second = RowStore(place), RowStore(place)
    first.add({"a": 1}, {"b": 1, "c": 1})
    second.add({"a": 1}, {"b": 2, "c": 1})
    assert second.get({"a": 1}) == {"b": 1, "c": 1}
    assert len(second.disputed) == 1
    assert 'differ in b, though their inputs are {"a":1}' in second.disputed[0]
    other = tmp_path / "other.jsonl"
    RowStore(other).add({"a": 1}, {"b": 2, "c": 1})
    place.write_bytes(place.read_bytes() + other.read_bytes())
    with pytest.raises(SltkError, match="differ in b"):
        RowStore(place)
