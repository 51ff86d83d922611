"""Files of solutions that are damaged, forged, or of another question: each is found, and said what to do."""

import re
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sltk.core.errors import SltkError
from sltk.subset_sum import Drawn, SolutionFile, Uniform
from sltk.subset_sum.stream import layout
from sltk.subset_sum.stream.layout import Layout
from tests.subset_sum.stream.answers import N, joined, same
from tests.subset_sum.stream.saved import BLOCK, COUNT, POOL, TARGET, Counting, part_of, saved


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "BLOCK", BLOCK)


def test_every_damaged_byte_of_a_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "sums"
    data = saved(path, POOL[0], TARGET[: BLOCK + 3])
    joined(SolutionFile(path))
    for place in [*range(0, len(data), 7), *range(len(data) - 45, len(data))]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(SltkError, match=re.escape(str(path))):
            joined(SolutionFile(path))
    for size in [*range(0, len(data), 97), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(SltkError, match=re.escape(str(path))):
            SolutionFile(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(SltkError, match="cut off"):
        SolutionFile(path)


def test_blocks_of_two_files_cannot_be_mixed(tmp_path: Path) -> None:
    """One header, other targets: a block that is whole, but of another file, does not fit the end."""
    one, other = saved(tmp_path / "one"), saved(tmp_path / "other", target=-TARGET)
    own = Layout.read(one)
    assert own == Layout.read(other)
    mixed = one[: own.place(2)] + other[own.place(2) : own.place(3)] + one[own.place(3) :]
    (tmp_path / "mixed").write_bytes(mixed)
    with pytest.raises(SltkError, match="end does not have the hash of its blocks"):
        SolutionFile(tmp_path / "mixed")


@pytest.mark.parametrize(
    ("n", "said"), [(True, "True"), (-1, "-1"), (45, "45"), ("9", "'9'"), (None, "None"), (10**30, "1000000")]
)
def test_a_header_with_a_hash_of_its_own_is_not_believed_either(n: object, said: str, tmp_path: Path) -> None:
    forged = Layout.of({"n": n, "objective": "error"})
    (tmp_path / "sums").write_bytes(forged.header + bytes(40))
    with pytest.raises(SltkError, match=f"samples of a pool in its header are {said}"):
        SolutionFile(tmp_path / "sums")


def test_a_header_of_other_kinds_is_another_question(tmp_path: Path) -> None:
    own = Layout.of({"n": N, "same": 3, "rows": [1], "objective": {"a": None}})
    (tmp_path / "sums").write_bytes(own.header + own.end(0, []))
    assert len(SolutionFile(tmp_path / "sums")) == 0
    with pytest.raises(SltkError, match="answers another question: objective is"):
        saved(tmp_path / "sums")


def test_a_part_that_is_none_is_left_alone(tmp_path: Path) -> None:
    place = part_of(tmp_path / "sums", b"something of the user's own", 100)
    with pytest.raises(SltkError, match=r"sums.part is no part of this file: .* Delete it, or save to another name"):
        saved(tmp_path / "sums")
    assert place.read_bytes() == b"something of the user's own"


def test_what_cannot_be_written_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is full: half of the blocks go into it."""
    wanted, path = saved(tmp_path / "wanted"), tmp_path / "sums"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Layout.read(wanted).place(8), before[1]))
    try:
        with pytest.raises(SltkError, match=r"cannot write .*sums.part: File too large. What is in it is kept"):
            saved(path, chunk=BLOCK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    counting = Counting()
    assert saved(path, backend=counting) == wanted
    assert counting.searched == COUNT - 8 * BLOCK


OTHERS = {
    "objective": ({"objective": "cardinality", "eps": 0.5}, "objective is error there and cardinality here"),
    "tolerance": ({"eps": 0.25}, "eps is None there and 0.25 here"),
    "backend": ({"backend": "whole-lists"}, "backend is meet-in-the-middle there and whole-lists here"),
    "pool": ({"pool": POOL[1]}, "pool is"),
    "drawn targets": ({"target": Drawn(Uniform(), 1, "target", count=COUNT)}, "target is given there and .*seed"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_question_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "sums"
    data = saved(path, POOL[0])
    arguments, said = OTHERS[what]
    with pytest.raises(SltkError, match=f"answers another question: {said}"):
        saved(path, **({"pool": POOL[0]} | arguments))
    path.unlink()
    place = part_of(path, data, len(data) // 2)
    with pytest.raises(SltkError, match=f"answers another question: {said}"):
        saved(path, **({"pool": POOL[0]} | arguments))
    assert place.read_bytes() == data[: len(data) // 2]
    assert not path.exists()


@pytest.mark.parametrize("other", ["target", "sample that no mask takes", "seed of the pools"])
def test_other_rows_are_refused(other: str, tmp_path: Path) -> None:
    """Rows of the third block: of a whole file and of a part; those that come after a part may still change."""
    path, row = tmp_path / "sums", 2 * BLOCK + 5
    pool, target = POOL.copy(), TARGET.copy()
    data = saved(path)
    if other == "target":
        target[row] += 0.5
    else:
        mask = SolutionFile(path).rows(row, row + 1).mask[0]
        pool[row, np.flatnonzero(~mask)[0]] += 8.0
    said = f"targets {2 * BLOCK} to {3 * BLOCK - 1} of other rows"
    if other == "seed of the pools":
        pool, said = Drawn(Uniform(), 1, "pool", n=N), "answers another question"
    with pytest.raises(SltkError, match=said):
        saved(path, pool, target)
    path.unlink()
    own = Layout.read(data)
    part_of(path, data, own.place(3))
    with pytest.raises(SltkError, match=said):
        saved(path, pool, target)
    if other != "seed of the pools":
        part_of(path, data, own.place(2))
        assert saved(path, pool, target) == saved(tmp_path / "wanted", pool, target)


def test_fewer_or_more_targets_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "sums", POOL[0], TARGET[:256])
    for count in (192, 200, 320):
        with pytest.raises(SltkError, match="other"):
            saved(tmp_path / "sums", POOL[0], TARGET[:count])


def test_a_mask_that_was_written_with_its_hashes_is_added_up_again(tmp_path: Path) -> None:
    """A forged answer: its hashes are right, its values are not those of its masks."""
    path = tmp_path / "sums"
    data = saved(path, POOL[0], TARGET[:BLOCK])
    own = Layout.read(data)
    solution, given = own.parsed(0, data[own.place(0) : own.place(1)])  # pyright: ignore
    for forged in (replace(solution, mask=~solution.mask), replace(solution, error=0.0 * solution.error),
                   replace(solution, reached=~solution.reached)):  # fmt: skip
        block = own.written(0, forged, given)
        path.write_bytes(own.header + block + own.end(BLOCK, [block[-32:]]))
        assert same(joined(SolutionFile(path)), forged)
        with pytest.raises(SltkError, match="values among targets 0 to 63 that no mask has"):
            saved(path, POOL[0], TARGET[:BLOCK])
