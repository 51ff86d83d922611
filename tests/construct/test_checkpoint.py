"""A construction that is killed goes on where it was, to the same bytes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from sltk.construct import save
from sltk.core.rng import stream
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform
from tests.construct.building import build_ticket
from tests.networks.test_wiring import Post

SHAPE = (2, 6, 6)
BUILDER = sys.modules["sltk.construct.build"]
SCRIPT = """
import sys
from tests.construct.test_checkpoint import build, target
from sltk.construct import save
from tests.construct.building import build_ticket
print("ready", flush=True)
save(build(target(), sys.argv[1] + ".checkpoint"), sys.argv[1])
"""


def target():
    torch.manual_seed(0)
    module = Post()
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(torch.rand(tensor.shape) - 0.5)
    return read(module, SHAPE)


def build(network, checkpoint=None, **changes):
    settings = {"method": "plus-one", "n": 24, "seed": 1, "domain": (-1.0, 1.0), "param_eps": 0.01, "law": Uniform(2.0)}
    return build_ticket(network, **(settings | changes), checkpoint=checkpoint)


def run(out: Path, wait: float | None) -> bool:
    """Start the construction in a process of its own and kill it after ``wait`` seconds; whether it got to its end."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", SCRIPT, str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return process.wait(wait) == 0
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return False


def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path):
    """Kills until the construction gets to its end, at moments drawn from a named stream."""
    save(build(target()), tmp_path / "whole")
    started = time.perf_counter()
    build(target())
    length = time.perf_counter() - started
    waits = stream(0, "tests", "kill").random(1) * length
    for wait in waits:
        run(tmp_path / "killed", float(wait))
    assert run(tmp_path / "killed", None)
    assert (tmp_path / "killed").read_bytes() == (tmp_path / "whole").read_bytes()
    assert not (tmp_path / "killed.checkpoint").exists()


def test_a_solved_stage_is_not_solved_again(tmp_path, monkeypatch):
    stop_after(monkeypatch, 4)
    with pytest.raises(KeyboardInterrupt):
        build(target(), tmp_path / "checkpoint")
    assert len(list((tmp_path / "checkpoint").iterdir())) == 4
    monkeypatch.undo()
    plain, again = BUILDER.solve_stage, []
    monkeypatch.setattr(BUILDER, "solve_stage", lambda *task: (again.append(task[1].stage), plain(*task))[1])
    ticket = build(target(), tmp_path / "checkpoint")
    assert again == list(range(4, len(ticket.plan.roles)))


@pytest.mark.parametrize("changes", [{"seed": 2}, {"objective": "error"}, {"param_eps": 0.02}])
def test_stages_of_another_construction_are_not_taken(tmp_path, monkeypatch, changes):
    """Negative control: had they been, the ticket would keep another source's weights."""
    stop_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        build(target(), tmp_path / "checkpoint")
    monkeypatch.undo()
    resumed, plain = build(target(), tmp_path / "checkpoint", **changes), build(target(), **changes)
    for one, two in zip(resumed.masks, plain.masks, strict=True):
        assert np.array_equal(one.weight, two.weight)


def test_a_damaged_stage_is_solved_again(tmp_path, monkeypatch):
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        build(target(), tmp_path / "checkpoint")
    monkeypatch.undo()
    first = sorted((tmp_path / "checkpoint").iterdir())[0]
    data = bytearray(first.read_bytes())
    data[-9] ^= 1
    first.write_bytes(bytes(data))
    resumed, plain = build(target(), tmp_path / "checkpoint"), build(target())
    assert all(np.array_equal(one.weight, two.weight) for one, two in zip(resumed.masks, plain.masks, strict=True))


def stop_after(monkeypatch, stages: int) -> None:
    """Interrupt the construction before stage number ``stages``."""
    plain = BUILDER.solve_stage
    done = []

    def stopping(*task):
        if len(done) == stages:
            raise KeyboardInterrupt
        done.append(1)
        return plain(*task)

    monkeypatch.setattr(BUILDER, "solve_stage", stopping)
