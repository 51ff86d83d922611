"""After a ticket is loaded: forked children, a fork pool and threads all answer, and as the parent does.

Each case runs in a process group of its own, which is killed where it hangs.
"""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import sltk
from sltk import Construction, Recipe

ROOT = Path(__file__).resolve().parents[2]

# The parent answers first, on two threads, so that whatever launches threads has launched them before the fork.
ANSWERS = """
import hashlib, multiprocessing, os, sys, threading, traceback
import numpy as np, torch
import sltk
from sltk.core.threads import limit

ticket = sltk.load(sys.argv[1])
torch.manual_seed(0)
x = torch.randn(100, 2, 8, 8)
rng = np.random.default_rng(0)
pool, target = rng.uniform(-1, 1, (1000, 16)), rng.uniform(-1, 1, 1000)

def answer(_=None):
    found = hashlib.sha256()
    for layout in ("dense", "sparse", "auto"):
        with torch.no_grad():
            y = ticket.module(layout).eval()(x)
        # The number of threads may change the last digits of torch's sums, and nothing else.
        found.update(b"" if seen.setdefault(layout, y).allclose(y, rtol=1e-4, atol=1e-4) else b"other")
    for objective in ("error", "mass"):
        found.update(sltk.solve(pool, target, eps=0.01, objective=objective).mask.tobytes())
    with limit(1):
        found.update(sltk.solve(pool[0], target[:500]).mask.tobytes())
    return found.hexdigest()

seen = {}

def forked():
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writing, answer().encode())
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode()

def threaded(ask):
    found = [None] * 4
    def work(place):
        found[place] = ask()
    started = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return found

wanted = answer()
assert len({wanted, answer()}) == 1
"""
CASES = {
    "fork": "found = [forked() for _ in range(2)]",
    "fork pool": """
with multiprocessing.get_context("fork").Pool(2) as workers:
    found = workers.map(answer, range(4), chunksize=1)
""",
    "four threads, a fork after them, and threads again": "found = [*threaded(answer), forked(), *threaded(answer)]",
}
END = "\nassert found and set(found) == {wanted}, (wanted, found)\nprint('all the same')"


def finished(script: str, *arguments: str, limit: float = 150.0) -> tuple[int | None, str]:
    """Exit code, ``None`` where it hung, and what was said; nothing of it is left."""
    said = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=ROOT, env=os.environ | said, start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(limit), process.communicate()[0]
    except subprocess.TimeoutExpired:
        return None, "it hung"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    target = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    )  # fmt: skip
    path = tmp_path_factory.mktemp("ticket") / "small.ticket"
    sltk.save(Construction(target, (-1.0, 1.0), Recipe(n=12, param_eps=0.05), input_shape=(2, 8, 8)).build(1), path)
    return path


@pytest.mark.parametrize("case", CASES)
def test_all_answer_alike_after_a_load(case: str, file: Path) -> None:
    assert finished(ANSWERS + CASES[case] + END, str(file)) == (0, "all the same\n")


def test_a_hang_and_another_answer_are_seen(file: Path) -> None:
    """Negative control: a child that waits for a lock that its parent's thread held, and one that draws at random."""
    held = "lock = threading.Lock()\nlock.acquire()\nanswer = lambda: lock.acquire() and ''\nfound = [forked()]"
    assert finished(ANSWERS.partition("wanted =")[0] + held, str(file), limit=6.0) == (None, "it hung")
    other = "x = x + 1\nfound = [forked()]"
    code, said = finished(ANSWERS + other + END, str(file))
    assert code == 1
    assert "AssertionError" in said


def parallel_options(text: str) -> list[int]:
    """Lines that give a call the option ``parallel``, or name ``prange``."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            found += [node.lineno for option in node.keywords if option.arg == "parallel"]
        if isinstance(node, ast.Dict):
            found += [node.lineno for key in node.keys if isinstance(key, ast.Constant) and key.value == "parallel"]
        if (isinstance(node, ast.Attribute) and node.attr == "prange") or (
            isinstance(node, ast.alias) and node.name == "prange"
        ):
            found.append(node.lineno)
    return found


def test_no_kernel_is_parallel() -> None:
    """Numba's threads forbid a later fork."""
    paths = [path for folder in ("sltk", "experiments", "proofs_checks") for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 200
    assert {str(path): lines for path in paths if (lines := parallel_options(path.read_text()))} == {}
    for broken in ("numba.njit(parallel=True)(f)", "kernel(**{'parallel': True})", "numba.prange(3)",
                   "from numba import prange"):  # fmt: skip
        assert parallel_options(broken) == [1]  # negative control
