"""``sltk imp``, ``rst`` and ``edge-popup`` killed at random moments: the bytes of a run that was let be.

Three kills of ``imp``, inside one basis, and one of each of the others; or as many of each as ``SLTK_KILLS`` says.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ASKED = os.environ.get("SLTK_KILLS")
KILLS, FEWER = int(ASKED or "3"), int(ASKED or "1")

# Imports once, and forks: each run is a process group of its own, killed with SIGKILL, which nobody can catch.
SERVER = """
import json, os, signal, sys, time
from contextlib import redirect_stdout
from pathlib import Path
import torch
from sltk.cli.commands import imp, rst
from sltk.cli.main import main
from sltk.core.rng import stream

torch.set_num_threads(1)
imp.publish = rst.publish = lambda *_: None  # the figure takes longer than the training, and is drawn from the rows
out, kills, command = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]

def start(folder):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os._exit(main([*command, "--out", str(folder)]))
    return pid

def whole(folder):
    began = time.perf_counter()
    _, status = os.waitpid(start(folder), 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    return time.perf_counter() - began

def contents(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = path.read_bytes().hex() if path.is_file() else ""
    return found

with open(os.devnull, "w") as null, redirect_stdout(null):
    main([*command, "--out", str(out / "warm")])  # here, so that children find all of it imported
length = whole(out / "whole")
wanted, rows = contents(out / "whole"), []
for number, share in enumerate(stream(0, "tests", "kills").random(kills)):
    folder = out / str(number)
    pid = start(folder)
    time.sleep(share * length)
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    files = list(folder.rglob("*"))
    kept = any(file.suffix == ".state" for file in files)
    row = any(file.name == "rows.jsonl" and file.stat().st_size for file in files)
    seconds = whole(folder)
    rows.append({"killed": os.WIFSIGNALED(status), "kept": kept, "row": row, "same": contents(folder) == wanted,
                 "seconds": seconds, "share": share})
print(json.dumps({"length": length, "files": list(wanted), "rows": rows}))
"""
COMMAND = ["imp", "--bases", "dct", "--rounds", "8", "--seeds", "2", "--epochs", "2", "--hidden", "24", "--jobs", "1"]
OTHERS = {
    "rst": ["rst", "--densities", "0.2", "--seeds", "2", "--epochs", "2", "--final-epochs", "1", "--hidden", "24"],
    "edge-popup": ["edge-popup", "--densities", "0.5", "--seeds", "2", "--epochs", "3", "--hidden", "24"],
}


def kill(folder: Path, kills: int, command: list[str]) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", SERVER, str(folder), str(kills), *command],
        capture_output=True, text=True, timeout=280, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert not [name for name in found["files"] if "checkpoint" in name]
    assert all(row["same"] for row in found["rows"]), found
    return found


@pytest.mark.timeout(300)
def test_kills_inside_one_basis_leave_the_same_bytes(tmp_path: Path) -> None:
    found = kill(tmp_path, KILLS, COMMAND)
    # The kills came where they were meant to: before the row was written, most of them with rounds to go on from.
    assert sum(row["killed"] and not row["row"] for row in found["rows"]) >= KILLS // 2, found
    assert sum(row["kept"] for row in found["rows"]) >= KILLS // 3, found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", OTHERS)
def test_kills_of_the_other_commands_leave_the_same_bytes(command: str, tmp_path: Path) -> None:
    found = kill(tmp_path, FEWER, [*OTHERS[command], "--jobs", "1"])
    assert sum(row["killed"] for row in found["rows"]) >= min(FEWER, 2), found
