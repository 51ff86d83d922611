"""Solutions in a file: what ``solve`` answers, whole or not at all, and the same bytes after a kill."""

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sltk.core.errors import SltkError
from sltk.core.threads import limit
from sltk.subset_sum import SolutionFile, solve, solve_stream
from sltk.subset_sum.stream import layout
from sltk.subset_sum.stream import solve_stream as module
from sltk.subset_sum.stream.layout import Layout
from tests.subset_sum.stream.answers import EACH, N, cut, joined, problems, same
from tests.subset_sum.stream.saved import BLOCK, COUNT, POOL, TARGET, Counting, part_of, saved

EVERY_KILL = int(os.environ.get("SLTK_KILLS", "3"))


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "BLOCK", BLOCK)


@pytest.mark.parametrize("asked", EACH)
@pytest.mark.parametrize("shared", [False, True])
def test_what_is_read_is_what_solve_answers(asked: str, shared: bool, tmp_path: Path) -> None:
    pool = POOL[0] if shared else POOL
    wanted = solve(pool, TARGET, **EACH[asked])
    found = solve_stream(pool, TARGET, chunk=300, **EACH[asked]).save(tmp_path / "new" / "sums")
    assert (len(found), found.n) == (COUNT, N)
    assert same(joined(found), wanted)
    again = SolutionFile(tmp_path / "new" / "sums")
    for low, high in ((0, COUNT), (0, 0), (COUNT, COUNT), (63, 65), (128, 192), (999, 1000), (10, 900)):
        part = again.rows(low, high)
        assert all((getattr(part, k) == getattr(wanted, k)[low:high]).all() for k in vars(part))
    assert again.question["objective"] == EACH[asked]["objective"]
    assert not (tmp_path / "new" / "sums.part").exists()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 15, 16, 17])
def test_masks_of_any_width(n: int, tmp_path: Path) -> None:
    pool, target = problems(70, n)
    for name, own in (("own", pool), ("shared", pool[0])):
        for _ in ("written", "read again"):
            found = solve_stream(own, target, eps=0.5).save(tmp_path / name)
            assert same(joined(found), solve(own, target, eps=0.5))


def test_no_targets(tmp_path: Path) -> None:
    stream = solve_stream(POOL[:0], TARGET[:0])
    assert list(stream) == []
    found = stream.save(tmp_path / "sums")
    assert (len(found), list(found), found.rows(0, 0).mask.shape) == (0, [], (0, N))
    assert len(stream.save(tmp_path / "sums")) == 0


def test_the_bytes_do_not_hang_on_how_they_came_about(tmp_path: Path) -> None:
    wanted = saved(tmp_path / "wanted")
    ways = {
        "one chunk": {}, "small chunks": {"chunk": 1}, "chunks of no block": {"chunk": 250},
        "float32": {"pool": POOL.astype(np.float32)}, "on a device": {"device": "torch:cpu"},
        "iterators": {"pool": cut(POOL, 77), "target": cut(TARGET, 200, 1)},
    }  # fmt: skip
    for name, way in ways.items():
        assert saved(tmp_path / name, **way) == wanted, name
    with limit(1):
        assert saved(tmp_path / "one thread") == wanted
    assert saved(tmp_path / "others", target=TARGET + 1.0) != wanted  # negative control


def test_the_format_has_not_changed(tmp_path: Path) -> None:
    """Golden: 100 targets of an uneven pool, whose sums are exact."""
    data = saved(tmp_path / "sums", pool=2.0 ** -np.arange(9), target=np.arange(100) / 64, eps=0.001)
    assert len(data) == 2206
    assert hashlib.sha256(data).hexdigest() == "4cf88115f56e5f1010b8c34b54a74628616762200d559bd54bed866af64140c7"


def test_the_same_question_again_searches_nothing(tmp_path: Path) -> None:
    counting = Counting()
    wanted = saved(tmp_path / "sums", backend=counting)
    assert counting.searched == COUNT
    assert saved(tmp_path / "sums", backend=counting, chunk=100) == wanted
    assert counting.searched == COUNT


def killed_at(target: np.ndarray, row: int) -> Iterator[np.ndarray]:
    """Chunks of the targets, and a kill that nothing can catch in place of ``row``."""
    for low in range(0, len(target), 50):
        if low >= row:
            os.kill(os.getpid(), signal.SIGKILL)
        yield target[low : low + 50]


@pytest.mark.parametrize("row", np.linspace(100, 950, EVERY_KILL).astype(int).tolist())
def test_a_killed_stream_goes_on_to_the_same_bytes(row: int, tmp_path: Path) -> None:
    wanted = saved(tmp_path / "wanted", POOL[0])
    path = tmp_path / "sums"
    child = os.fork()
    if not child:
        try:
            saved(path, POOL[0], killed_at(TARGET, row), chunk=BLOCK)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert not path.exists()
    counting = Counting()
    assert saved(path, POOL[0], chunk=200, backend=counting) == wanted
    # What was searched again: the chunks searched and read when the kill came, and what had not filled a block.
    assert COUNT - row <= counting.searched <= COUNT - row + 3 * BLOCK
    assert not path.with_name("sums.part").exists()


def test_every_place_to_be_killed_at(tmp_path: Path) -> None:
    """Cut within the magic word, the header, a block, between blocks, and before the name is taken."""
    wanted = saved(tmp_path / "wanted")
    own = Layout.read(wanted)
    for size in (0, 5, 40, len(own.header) - 1, len(own.header), own.place(1) - 1, own.place(1), own.place(3) + 7,
                 own.place(COUNT // BLOCK) + 100, len(wanted) - 1, len(wanted)):  # fmt: skip
        part_of(tmp_path / "sums", wanted, size)
        assert saved(tmp_path / "sums") == wanted, size
        (tmp_path / "sums").unlink()


def test_a_damaged_block_of_a_part_is_searched_again(tmp_path: Path) -> None:
    wanted = saved(tmp_path / "wanted")
    own = Layout.read(wanted)
    damaged = bytearray(wanted)
    damaged[own.place(5) + 3] ^= 16
    part_of(tmp_path / "sums", bytes(damaged), own.place(9))
    counting = Counting()
    assert saved(tmp_path / "sums", backend=counting) == wanted
    assert counting.searched == COUNT - 5 * BLOCK


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    """The second one is refused while the first is at work, and believes the first one's file after that."""
    path, said = tmp_path / "sums", list[str]()

    def targets() -> Iterator[np.ndarray]:
        for low in range(0, COUNT, 100):
            if low == 500:
                with pytest.raises(SltkError, match="written by another process now") as caught:
                    saved(path, POOL[0])
                said.append(str(caught.value))
            yield TARGET[low : low + 100]

    wanted = saved(path, POOL[0], targets())
    assert len(said) == 1
    assert saved(path, POOL[0]) == wanted


def test_a_stream_that_fails_leaves_no_file_and_goes_on(tmp_path: Path) -> None:
    path, spoilt = tmp_path / "sums", TARGET.copy()
    spoilt[700] = np.inf
    with pytest.raises(SltkError, match="targets 640 to 767 of the stream"):
        saved(path, POOL[0], spoilt, chunk=128)
    assert not path.exists()
    assert saved(path, POOL[0], chunk=128) == saved(tmp_path / "wanted", POOL[0])
    (tmp_path / "nowhere").write_bytes(b"")
    with pytest.raises(SltkError, match=r"cannot write .*nowhere"):
        saved(tmp_path / "nowhere" / "sums")
    with pytest.raises(SltkError, match="cannot read"):
        SolutionFile(tmp_path / "nothing")


def test_blocks_are_shorter_where_a_target_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "BLOCK", 4096)
    assert [layout.block_rows(n) for n in (1, 20, 28, 30, 36, 40, 44)] == [4096, 4096, 4096, 2048, 256, 64, 16]
    assert module.row_bytes(20, True) == 2816
