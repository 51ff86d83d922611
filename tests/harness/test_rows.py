"""Rows survive damage and kills: what is stored is never measured again, and what is lost comes back the same."""

import json

import numpy as np
import pytest

from sltk.core.errors import SltkError
from sltk.harness.measurement import Measurement, run
from sltk.harness.rows import RowStore, row_id

GRID = ({"p": 0.25}, {"p": 0.75})
PLAN = Measurement("coin", GRID, (70, 50), seed=7, block=20)
ROWS = 4 + 3


class Killed(Exception):
    pass


class Counting:
    """Counts its calls, and is killed before the call number ``until``."""

    def __init__(self, until: int | None = None) -> None:
        self.calls, self.until = 0, until

    def __call__(self, cell, trials, generator):
        if self.calls == self.until:
            raise Killed
        self.calls += 1
        return {"successes": int((generator.random(trials) < cell["p"]).sum()), "trials": trials}


def coin(cell, trials, generator: np.random.Generator):
    return {"successes": int((generator.random(trials) < cell["p"]).sum()), "trials": trials}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows" / "coin.jsonl"


def test_a_rerun_computes_nothing(path):
    first, again = Counting(), Counting()
    found = run(PLAN, first, RowStore(path))
    assert [one["trials"] for one in found] == [70, 50]
    assert first.calls == ROWS == len(path.read_bytes().splitlines())
    assert run(PLAN, again, RowStore(path)) == found
    assert again.calls == 0


def test_a_killed_run_goes_on_to_the_same_rows(path, tmp_path):
    whole = run(PLAN, Counting(), RowStore(tmp_path / "whole.jsonl"))
    with pytest.raises(Killed):
        run(PLAN, Counting(until=3), RowStore(path))
    rest = Counting()
    assert run(PLAN, rest, RowStore(path)) == whole
    assert rest.calls == ROWS - 3
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def cut(line):
    return line[: len(line) // 2]


def altered(line):
    row = json.loads(line)
    row["outputs"]["successes"] += 1
    return json.dumps(row, sort_keys=True, separators=(",", ":")).encode()


def renamed(line):
    return line.replace(b'"seed":7', b'"seed":8')


def respaced(line):
    return line.replace(b":", b": ", 1)


@pytest.mark.parametrize("damage", [cut, altered, renamed, respaced, lambda line: b"\xff\xfe", lambda line: b"[1]"])
def test_a_damaged_row_is_detected_and_measured_again(path, damage):
    found = run(PLAN, Counting(), RowStore(path))
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], damage(lines[2]), *lines[3:]]) + b"\n")
    store, again = RowStore(path), Counting()
    assert store.damaged == 1
    assert len(store) == ROWS - 1
    assert run(PLAN, again, store) == found
    assert again.calls == 1
    assert RowStore(path).damaged == 0


def test_a_last_line_without_its_end_is_whole_or_damaged(path):
    run(PLAN, Counting(), RowStore(path))
    path.write_bytes(path.read_bytes()[:-1])  # killed between the row and its newline
    store = RowStore(path)
    assert store.damaged == 0
    store.add({"other": 1}, {"trials": 1})
    assert len(RowStore(path)) == ROWS + 1


def test_sound_rows_are_not_taken_for_damaged(path):
    run(PLAN, Counting(), RowStore(path))
    before = path.read_bytes()
    assert RowStore(path).damaged == 0
    assert path.read_bytes() == before


def test_every_row_has_a_stream_of_its_own():
    alone = run(Measurement("coin", GRID[1:], (50,), seed=7, block=20), coin)
    assert alone[0] == run(PLAN, coin)[1]  # whatever else is measured
    assert run(Measurement("coin", GRID, (70, 50), seed=8, block=20), coin) != run(PLAN, coin)
    equal = Measurement("coin", ({"p": 0.5, "a": 1}, {"p": 0.5, "a": 2}), (1000, 1000), block=1000)
    first, second = run(equal, coin)
    assert first != second


def test_presets_share_rows(path):
    run(PLAN, Counting(), RowStore(path))
    again = Counting()
    run(Measurement("coin", GRID, (70, 50), seed=7, block=20, preset="standard"), again, RowStore(path))
    assert again.calls == 0
    other = Counting()
    run(Measurement("coin", GRID, (70, 50), seed=7, block=20, revision=2), other, RowStore(path))
    assert other.calls == ROWS


def test_processes_give_the_same_rows(path):
    assert run(PLAN, coin, RowStore(path), jobs=2) == run(PLAN, coin)


def test_progress_counts_stored_rows_as_done(path):
    with pytest.raises(Killed):
        run(PLAN, Counting(until=3), RowStore(path))
    said = []
    run(PLAN, Counting(), RowStore(path), report=lambda *words: said.append(words))
    assert said[0] == ("coin", 3, ROWS)
    assert said[-1] == ("coin", ROWS, ROWS)


def test_content_hash():
    assert row_id({"a": 1, "b": 2}) == row_id({"b": 2, "a": 1})
    assert row_id({"a": 1}) != row_id({"a": 2})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": (70,)}, "one number of trials each"),
        ({"grid": (GRID[0], GRID[0])}, "different cells"),
        ({"trials": (70, 0)}, "trials >= 1"),
        ({"block": 0}, "block >= 1"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_measurement_is_checked(change, message):
    with pytest.raises(SltkError, match=message):
        Measurement(**{"key": "coin", "grid": GRID, "trials": (70, 50), **change})


def test_a_row_is_stored_once(path):
    store = RowStore(path)
    store.add({"a": 1}, {"trials": 1})
    with pytest.raises(SltkError, match="stored already"):
        store.add({"a": 1}, {"trials": 2})
    with pytest.raises(SltkError, match="finite"):
        store.add({"a": 2}, {"mean": float("nan")})
