"""The page of users' requests: every row names tests that exist, or says why there is none."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "users-requests.md"
LISTED = ROOT.parent / "shared" / "spec" / "05-peers.md"
HEAD = ["request", "where", "answer", "test, or why not"]
THREAD = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")


@cache
def named_in(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row != HEAD and set("".join(row)) - set("-")]


def faults(text: str) -> list[str]:
    """What is wrong with a page: rows of another shape, tests that do not exist, rows without test or reason."""
    found = []
    for row in rows(text):
        if len(row) != 4:
            found.append(f"{row[0]}: {len(row)} columns")
            continue
        named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", row[3])
        found += [f"{row[0]}: no {path}::{name}" for path, name in named if name not in named_in(path)]
        found += [f"{row[0]}: {name} is no test" for _, name in named if not name.startswith("test_")]
        reason = re.match(r"not answered[\w ]*: .{20,}", row[3])
        if not named and not reason:
            found.append(f"{row[0]}: neither a test nor a reason")
        if named and not row[2]:
            found.append(f"{row[0]}: a test and no answer in words")
    return found


def threads(text: str) -> set[str]:
    """``owner/name#1``, with ``#2`` after a comma for a further one of the same repository."""
    found: set[str] = set()
    last = ""
    for part in re.split(r"[,;()\s]+", text):
        if match := THREAD.search(part):
            last = match[1]
            found.add(f"{last}#{match[2]}")
        elif last and (more := re.fullmatch(r"#(\d+)[.:]?", part)):
            found.add(f"{last}#{more[1]}")
        elif part:
            last = last if part == "and" else ""
    return found


def test_every_request_has_tests_that_exist_or_a_reason() -> None:
    text = PAGE.read_text()
    assert len(rows(text)) > 50
    assert not faults(text)


def test_every_thread_that_was_collected_has_a_row() -> None:
    if not LISTED.is_file():
        pytest.skip("the collected threads are not at hand")
    text = LISTED.read_text()
    asked = threads(text[text.index("## What their users ask for") :])
    assert len(asked) >= 25
    said = {f"{name}#{number}" for name, number in THREAD.findall(PAGE.read_text())}
    without_owner = {thread.partition("/")[2] for thread in said}
    assert not {thread for thread in asked if thread not in said and thread.partition("/")[2] not in without_owner}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("| a | b | c | `tests/project/test_users_requests.py::test_that_is_not_there` |", "no tests/project"),
        ("| a | b | c | `tests/nowhere.py::test_x` |", "no tests/nowhere.py"),
        ("| a | b | c | `tests/project/test_users_requests.py::faults` |", "is no test"),
        ("| a | b | c | soon |", "neither a test nor a reason"),
        ("| a | b | | not answered: no |", "neither a test nor a reason"),
        ("| a | b | | `tests/project/test_users_requests.py::test_a_broken_row_is_seen` |", "no answer in words"),
        ("| a | b | c |", "3 columns"),
    ],
)
def test_a_broken_row_is_seen(row: str, told: str) -> None:
    (fault,) = faults(row)
    assert told in fault


def test_threads_are_read_from_lists() -> None:
    text = "a (x/y#1, z-w/v.u#22); b (x/y#3, #8); c dask-jobqueue#196; see #9"
    assert threads(text) == {"x/y#1", "z-w/v.u#22", "x/y#3", "x/y#8"}
