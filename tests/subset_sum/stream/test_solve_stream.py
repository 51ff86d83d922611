"""A stream answers what ``solve`` answers in memory, whatever it is cut into and wherever its rows come from."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sltk.core.errors import SltkError
from sltk.core.threads import limit
from sltk.subset_sum import Drawn, Normal, Uniform, solve, solve_stream
from sltk.subset_sum.kernels import shared_pool
from sltk.subset_sum.on_device import shared_pool as shared_on_device
from tests.subset_sum.stream.answers import COUNT, EACH, N, cut, joined, problems, same

POOL, TARGET = problems()


@pytest.mark.parametrize("asked", EACH)
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("chunk", [1, 64, 699, None])
def test_the_whole_is_what_solve_answers(asked: str, shared: bool, chunk: int | None) -> None:
    pool = POOL[0] if shared else POOL
    rows = 40 if chunk == 1 else COUNT
    stream = solve_stream(pool if shared else pool[:rows], TARGET[:rows], chunk=chunk, **EACH[asked])
    assert stream.count == rows
    parts = list(stream)
    assert [len(part.value) for part in parts[:-1]] == [chunk] * (len(parts) - 1)
    assert same(joined(parts), solve(pool if shared else pool[:rows], TARGET[:rows], **EACH[asked]))


@pytest.mark.parametrize("kind", ["float32", "memmap", "iterators", "tensors"])
def test_rows_may_come_from_anywhere(kind: str, tmp_path: Path) -> None:
    pool, target = POOL, TARGET
    if kind == "float32":
        pool, target = POOL.astype(np.float32), TARGET.astype(np.int16)
    elif kind == "memmap":
        pool = np.memmap(tmp_path / "pools", np.float32, "w+", shape=POOL.shape)
        pool[:] = POOL
    elif kind == "iterators":
        pool, target = cut(POOL, 50, 1, 130), cut(TARGET.astype(np.float32), 64)
    else:
        pool, target = torch.tensor(POOL), torch.tensor(TARGET)
    assert same(joined(solve_stream(pool, target, chunk=123)), solve(POOL, TARGET))


def test_all_that_may_differ_by_target() -> None:
    rng = np.random.default_rng(4)
    more = {
        "eps": rng.uniform(0.3, 3, COUNT), "alpha": rng.uniform(0, 3, COUNT), "costs": rng.uniform(0, 1, (COUNT, N)),
        "locked": rng.random((COUNT, N)) < 0.1, "size": rng.integers(4, 6, COUNT)
    }  # fmt: skip
    wanted = solve(POOL, TARGET, objective="weighted", **more)
    assert same(joined(solve_stream(POOL, TARGET, objective="weighted", chunk=97, **more)), wanted)
    del more["size"]
    chunks = {name: cut(rows, 31, 200) for name, rows in more.items()}
    wanted = solve(POOL[0], TARGET, objective="weighted", **more)
    assert same(joined(solve_stream(POOL[0], cut(TARGET, 10), objective="weighted", chunk=97, **chunks)), wanted)
    fixed = {"size": 4, "locked": np.arange(N) < 2}
    assert same(joined(solve_stream(POOL, TARGET, chunk=97, **fixed)), solve(POOL, TARGET, **fixed))


@pytest.mark.parametrize("threads", [1, 2])
def test_one_chunk_is_read_ahead_and_no_more(threads: int) -> None:
    read = list[int]()

    def targets():
        for low in range(0, COUNT, 70):
            read.append(low)
            yield TARGET[low : low + 70]

    with limit(threads):
        stream, asked = iter(solve_stream(POOL[0], targets(), chunk=70)), list[int]()
        parts = []
        for part in stream:
            parts.append(part)
            asked.append(len(read))
    assert asked == [min(k, 10) for k in range(2, 12)]
    assert same(joined(parts), solve(POOL[0], TARGET))


@pytest.mark.parametrize(("module", "device"), [(shared_pool, "cpu"), (shared_on_device, "torch:cpu")])
def test_the_table_of_a_shared_pool_is_made_once(module, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: ``solve`` on each chunk makes one each."""
    made, table = [], module.table
    monkeypatch.setattr(module, "table", lambda pool: made.append(0) or table(pool))
    wanted = [solve(POOL[0], part, device=device) for part in np.split(TARGET, 7)]
    assert len(made) == 7
    assert same(joined(solve_stream(POOL[0], TARGET, chunk=100, device=device)), joined(wanted))
    assert len(made) == 8


def test_an_error_of_a_row_comes_after_the_answers_before_it() -> None:
    """And says which rows it means, for a number that is refused and for an iterator that fails."""

    def fails():
        yield TARGET[:200]
        raise RuntimeError("the disk is gone")

    spoilt = TARGET.copy()
    spoilt[250] = np.nan
    for target, kind, said in ((spoilt, SltkError, r"targets 200 to 299 .* target\[\(50,\)\] = nan"),
                               (fails(), RuntimeError, "the disk is gone")):  # fmt: skip
        parts = []
        with pytest.raises(kind, match=said):
            parts.extend(solve_stream(POOL[0], target, chunk=100))
        # ``extend`` keeps what came before.
        assert len(joined(parts).value) == 200


def test_an_iterator_is_read_once() -> None:
    stream = solve_stream(POOL[0], cut(TARGET, 100), chunk=100)
    assert len(list(stream)) == 7
    with pytest.raises(SltkError, match="target is an iterator, which is read once"):
        list(stream)


BAD = {
    "targets of two axes": ({"target": TARGET.reshape(2, -1)}, r"target of a stream must have shape \(targets,\)"),
    "no pool": ({"pool": None}, "needs a pool"),
    "more pools": ({"pool": POOL[1:]}, "pool has 699, target has 700"),
    "pools of two widths": ({"pool": iter([POOL[:9], POOL[:9, 1:]])}, r"chunks of pool must have rows of one shape"),
    "numbers for chunks": ({"target": iter([0.5, 0.25])}, "target is an iterator, which must bring chunks"),
    "no chunks": ({"target": iter([])}, "but it has none"),
    "costs of another width": ({"objective": "mass", "eps": 1.0, "costs": np.ones(N + 1)}, "a row of costs must have"),
    "no tolerance": ({"objective": "mass"}, "needs a tolerance"),
    "a tolerance of 0": ({"eps": 0.0}, "eps > 0"),
    "a tolerance of 0 later": ({"eps": np.where(np.arange(COUNT) < 600, 1.0, 0.0)}, "targets 600 to 699 of the stream"),
    "an objective": ({"objective": "luck"}, "objective must be one of"),
    "a large pool": ({"pool": np.zeros((COUNT, 41))}, "n <= 40"),
    "a chunk of none": ({"chunk": 0}, "chunk must be a whole number"),
    "one pool by size": ({"pool": POOL[0], "size": 3}, "size goes with a pool for each target"),
    "draws without an end": (
        {"pool": Drawn(Uniform(), 1, "pool", n=3), "target": Drawn(Uniform(), 1, "target")}, "how many targets"
    ),
    "fewer chunks": ({"target": cut(TARGET[:650], 50)}, "target has no more after row 650"),
    "more chunks": ({"pool": POOL[:650], "target": cut(TARGET, 50)}, "target has more after row 650"),
    "unequal chunks": ({"pool": cut(POOL, 50), "target": cut(TARGET[:640], 50)}, "target has no more after row 640"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_fit_is_said(what: str) -> None:
    arguments, said = BAD[what]
    with pytest.raises(SltkError, match=said):
        list(solve_stream(**({"pool": POOL, "target": TARGET, "chunk": 100} | arguments)))


@pytest.mark.parametrize("law", [Uniform(2.0), Normal(0.5)])
def test_drawn_rows_are_solved_as_if_they_were_given(law) -> None:
    pool, target = Drawn(law, 3, "pool", n=N), Drawn(Uniform(), 3, "target", count=COUNT)
    wanted = solve(pool.rows(0, COUNT), target.rows(0, COUNT))
    assert same(joined(solve_stream(pool, target, chunk=123)), wanted)
    others = solve(Drawn(law, 4, "pool", n=N).rows(0, COUNT), target.rows(0, COUNT))
    assert not same(others, wanted)  # negative control


MEGABYTE = 2**20
UNDER_A_LIMIT = """
import json, resource, sys, threading
from pathlib import Path
import numpy as np
from sltk.subset_sum import Drawn, Uniform, solve, solve_stream
from sltk.subset_sum.stream.solve_stream import row_bytes

def used():
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmData"))) * 1024

folder, allowed, n, chunk = Path(sys.argv[1]), int(sys.argv[2]), 20, 4096
assert chunk * row_bytes(n, True) < allowed
threading.stack_size(2**20)
count = 10 * allowed // (8 * n)
target = Drawn(Uniform(), 1, "target", count=count)
asked = {"drawn": 0.5, "zeros": 1.0}  # the empty subset of zeros is within 1 of every target
asked = {name: {"objective": "cardinality", "eps": eps} for name, eps in asked.items()}
zeros = np.memmap(folder / "zeros", np.float64, "w+", shape=(count, n))
pools = {"drawn": Drawn(Uniform(), 1, "pool", n=n), "zeros": zeros}
first = {"drawn": pools["drawn"], "zeros": zeros[:60000]}
for name, pool in first.items():  # all kernels are compiled before, those that one pool in thousands needs among them
    for part in solve_stream(pool, target.rows(0, 60000), chunk=1000, **asked[name]): pass
for few in (3, 20):  # and those of least errors, of a few problems and of many, where no subset is near enough
    solve(pools["drawn"].rows(0, few), target.rows(0, few))
resource.setrlimit(resource.RLIMIT_DATA, (used() + allowed,) * 2)
streams = {name: solve_stream(pool, target, chunk=chunk, **asked[name]) for name, pool in pools.items()}
found = {name: len(stream.save(folder / f"{name}.sums")) for name, stream in streams.items()}
try:
    solve(pools["drawn"].rows(0, count), target.rows(0, count), **asked["drawn"])
    found["in memory"] = "fits"
except MemoryError:
    found["in memory"] = "does not fit"
print(json.dumps(found | {"torch": "torch" in sys.modules}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_stream_ten_times_larger_than_the_memory_allowed(tmp_path: Path) -> None:
    """Pools drawn and on disk, the answers into a file, under a hard limit; negative control: ``solve`` on the whole.

    What is allowed is what the docstring says, 11 MiB for chunks of 4096 pools of 20 and 4 MiB for draws, 1 MiB for the
    search and the file, and 8 MiB for what each of five threads has for itself: its stack, and its own heap.
    """
    allowed = 24 * MEGABYTE
    said = subprocess.run([sys.executable, "-c", UNDER_A_LIMIT, str(tmp_path), str(allowed)], capture_output=True,
                          text=True, check=False, env=os.environ | {"NUMBA_NUM_THREADS": "2"}, timeout=120)  # fmt: skip
    assert said.returncode == 0, said.stderr
    count = 10 * allowed // 160
    found = json.loads(said.stdout)
    assert not found.pop("torch")  # which is no part of a search on the CPU
    assert found == {"drawn": count, "zeros": count, "in memory": "does not fit"}


def test_every_argument_of_solve_is_one_of_a_stream() -> None:
    names = set(inspect.signature(solve).parameters)
    assert set(inspect.signature(solve_stream).parameters) == names | {"chunk"}
