"""Kernels are compiled when they are called, and what lies in the cache is never that of an older source."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sltk.core.numerics.compiled import Deferred, kernel

CALLED = """
from sltk.core.numerics.compiled import kernel

@kernel
def step(x: float) -> float:
    return x + {added}
"""
CALLER = """
import sys
from constants import SCALE
from called import step
{decorator}

@{name}
def total(count: int) -> float:
    s = 0.0
    for _ in range(count):
        s = step(s)
    return SCALE * s

print(total(10))
"""
OURS = {"decorator": "from sltk.core.numerics.compiled import kernel", "name": "kernel"}
# As numba caches by itself: the plain function of the called kernel under its own decorator.
NUMBAS = {"decorator": "import numba\nstep = numba.njit(step.function)", "name": "numba.njit(cache=True)"}


def answer(folder: Path, caller: dict[str, str], added: float, scale: float = 1.0) -> float:
    """What ``total(10)`` is in a new process, with this source of ``step`` and the cache that is there."""
    (folder / "called.py").write_text(CALLED.format(added=added))
    (folder / "constants.py").write_text(f"SCALE = {scale}\n")
    (folder / "caller.py").write_text(CALLER.format(**caller))
    environment = os.environ | {"PYTHONPATH": f"{folder}:{Path(__file__).resolve().parents[3]}"}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-B", "caller.py"], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def test_a_kernel_whose_callee_or_constant_changed_is_compiled_again(tmp_path: Path) -> None:
    assert answer(tmp_path, OURS, 1.0) == 10.0
    folders = set(tmp_path.rglob("kernels-*"))
    assert len(folders) == 2
    assert answer(tmp_path, OURS, 1.0) == 10.0
    assert set(tmp_path.rglob("kernels-*")) == folders  # nothing new: it was found
    assert answer(tmp_path, OURS, 2.0) == 20.0
    assert answer(tmp_path, OURS, 2.0, scale=3.0) == 60.0


def test_numba_by_itself_answers_with_the_old_callee(tmp_path: Path) -> None:
    """Negative control: the test above fails with numba's own cache."""
    assert answer(tmp_path, NUMBAS, 1.0) == 10.0
    assert answer(tmp_path, NUMBAS, 2.0) == 10.0


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sltk.core.numerics.compiled.Deferred._folder", lambda *_: Path("/proc/nowhere"))
    own = kernel(_doubled)
    assert isinstance(own, Deferred)
    assert own(2.0) == 4.0


def test_a_kernel_that_was_typed_in_has_no_cache_and_works() -> None:
    names: dict[str, object] = {"kernel": kernel}
    exec("@kernel\ndef thrice(x):\n    return 3.0 * x", names)
    thrice = names["thrice"]
    assert callable(thrice)
    assert thrice(2.0) == 6.0


def test_a_kernel_has_the_name_and_the_words_of_its_function() -> None:
    own = kernel(_doubled)
    assert (own.__name__, own.__doc__) == ("_doubled", "Twice x.")
    np.testing.assert_array_equal(own(np.arange(3.0)), [0.0, 2.0, 4.0])


def _doubled(x: float) -> float:
    """Twice x."""
    return 2.0 * x
