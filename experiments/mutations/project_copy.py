"""A copy of the project in a temporary folder: one file of it is changed, tests are run on it, the file is restored."""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sltk.core.errors import SltkError
from sltk.core.files import sha256

KEPT = ("sltk", "tests", "experiments", "proofs_checks", "docs", "README.md", "CONTRIBUTING.md", "Makefile",
        "pyproject.toml", "constraints.txt")  # fmt: skip
LEFT = ("__pycache__", ".pytest_cache", "out")
PYTEST = "import os, sys; os.chdir(sys.argv[1]); import pytest; sys.exit(pytest.main(sys.argv[2:]))"
PASSED, FAILED = 0, 1  # of pytest's exit codes; the others say that it could not run the tests


@dataclass(frozen=True)
class TestRun:
    """What tests came to.

    Attributes:
        passed: none of them failed.
        first: the first that failed, or that it took too long; empty where all passed.
        seconds: how long they took.
    """

    passed: bool
    first: str
    seconds: float


TestRun.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it by its name


def files(root: Path) -> list[Path]:
    """The project's own files, from its root."""
    found = [path for name in KEPT for path in ([root / name] if (root / name).is_file() else (root / name).rglob("*"))]
    own = (path.relative_to(root) for path in found if path.is_file())
    return sorted(path for path in own if not set(path.parts) & set(LEFT))


def digest(root: Path) -> str:
    """Hash of the project: whatever changes in it, mutations are tried again."""
    return sha256("".join(f"{path} {sha256((root / path).read_bytes())}\n" for path in files(root)).encode())


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """The project in a temporary folder, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="sltk-mutations-") as folder:
        place = Path(folder)
        for path in files(root):
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, place / path)
        yield place


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """The file ``path`` with ``text`` in place of its own, restored to the same bytes and the same time."""
    before, times = path.read_text(), path.stat()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def run_tests(place: Path, tests: Sequence[str], limit: float) -> TestRun:
    """Run ``tests`` in the copy ``place``, up to the first that fails.

    Raises:
        SltkError: pytest could not run them: no such test, or a module that cannot be imported.
    """
    started, log = time.perf_counter(), place / "tests.log"
    code = _waited(_started(place, tests, log), started + limit)
    seconds = time.perf_counter() - started
    if code is None:
        return TestRun(False, f"not done after {limit:g} s", seconds)
    if code not in (PASSED, FAILED):
        raise SltkError(f"pytest ended with {code} on {', '.join(tests)}: {log.read_text()[-2000:]}")
    return TestRun(code == PASSED, _first(log.read_text()), seconds)


def _started(place: Path, tests: Sequence[str], log: Path) -> int:
    """A process of its own group: nothing of the project that is loaded here may reach the tests."""
    asked = ["-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return os.posix_spawn(
        sys.executable, [sys.executable, "-c", PYTEST, str(place), *asked], environment, setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )  # fmt: skip


def _waited(process: int, until: float) -> int | None:
    """Exit code of ``process``, or ``None`` where it was killed with all that it started because it was late."""
    while time.perf_counter() < until:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


def _first(log: str) -> str:
    lines = (line.removeprefix("FAILED ").removeprefix("ERROR ") for line in log.splitlines()
             if line.startswith(("FAILED ", "ERROR ")))  # fmt: skip
    return next(lines, "").partition(" - ")[0]
