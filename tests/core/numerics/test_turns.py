"""Of several processes that need a kernel one compiles it; none waits for one that is dead, or for ever."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sltk.core.numerics.turns import in_turn
from sltk.core.temporary import hold

ROOT = Path(__file__).resolve().parents[3]
KERNEL = """
from sltk.core.numerics.compiled import kernel

@kernel
def halved(x: float) -> float:
    return 0.5 * x

@kernel
def quartered(x: float) -> float:
    return halved(halved(x))
"""
# Two forked children call a kernel with an empty cache. Who starts to compile says so, and waits for the parent.
RACE = """
import os, select, sys
import numba
from numba.core import event
from sltk.core.numerics import compiled
from kernels import quartered

class Said(event.Listener):
    def on_start(self, said):
        if said.data["dispatcher"].py_func.__name__ == "quartered":
            os.write(starting, b".")
            os.read(going_on, 1)

    def on_end(self, said):
        pass

if sys.argv[1] == "each for itself":
    compiled.in_turn = lambda compile_one, place: compile_one
started, starting = os.pipe()
going_on, let_go = os.pipe()
children = []
for _ in range(2):
    if not (child := os.fork()):
        event.register("numba:compile", Said())
        assert quartered(8.0) == 2.0
        os._exit(10 + sum(quartered.compiled().stats.cache_misses.values()))  # 1 is a failure's
    children.append(child)
count = len(os.read(started, 1))
wait = {"in turn": 0.5, "each for itself": 30.0}[sys.argv[1]]
while count < 2 and select.select([started], [], [], wait)[0]:
    count += len(os.read(started, 1))
os.write(let_go, b"..")
print(count, sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""
HELD = """
import sys, time
from pathlib import Path
from sltk.core.numerics.turns import in_turn

in_turn(lambda _: print("compiling", flush=True) or time.sleep(60), Path(sys.argv[1]))(None)
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [("in turn", "1 [10, 11]"), ("each for itself", "2 [11, 11]")],  # the second is the negative control
)
def test_one_of_two_compiles_and_the_other_loads(how: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(KERNEL)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", RACE, how], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == said


def test_one_that_is_killed_while_it_compiles_is_not_waited_for(tmp_path: Path) -> None:
    place = tmp_path / "a.lock"
    holder = subprocess.Popen([sys.executable, "-c", HELD, str(place)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"compiling\n"
        assert not _free(place)  # negative control: it is waited for while it lives
    finally:
        holder.kill()
        holder.communicate()
    assert _free(place)


def test_after_a_while_nobody_is_waited_for(tmp_path: Path) -> None:
    place = tmp_path / "a.lock"
    with place.open("wb") as file:
        assert hold(file.fileno(), wait=False)
        before = time.monotonic()
        assert in_turn(lambda signature: signature, place, patience=0.2)("here") == "here"
        assert time.monotonic() - before >= 0.2


def test_a_lock_is_given_back_though_a_forked_child_has_its_handle(tmp_path: Path) -> None:
    place, copies = tmp_path / "a.lock", []
    # A fork copies handles as ``dup`` does: they share the lock.
    held = in_turn(lambda _: copies.extend(os.dup(int(h)) for h in _handles(place)), place)
    held(None)
    assert len(copies) == 1
    assert _free(place)
    os.close(copies[0])


def test_a_failure_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        in_turn(lambda _: 1 // 0, tmp_path / "a.lock")(None)
    assert _free(tmp_path / "a.lock")


def test_where_nothing_can_be_locked_kernels_are_compiled(tmp_path: Path) -> None:
    assert in_turn(lambda signature: signature, tmp_path / "nowhere" / "a.lock")("here") == "here"


def _free(place: Path) -> bool:
    with place.open("wb") as file:
        return bool(hold(file.fileno(), wait=False))


def _handles(place: Path) -> list[str]:
    folder = Path("/proc/self/fd")
    return [entry.name for entry in folder.iterdir() if Path(os.path.realpath(entry)) == place]
