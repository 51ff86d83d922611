"""A run that is stopped goes on from its folder, loses at most a round, and is never mistaken for another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sltk.train import resume as module
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.state import State
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.outcome import Outcome
from sltk.train.phases import train as training
from sltk.train.pruning.scopes import GLOBAL
from sltk.train.runner import run
from sltk.train.setup import Setup
from tests.train.engine_task import conv, small_task

STEPS = 8
SETUP = Setup(seeds=(0, 1), steps=STEPS, recipe=TrainingRecipe(rate=0.1, batch=40))
METHODS = [
    Imp(0.2, densities=(0.6, 0.4, 0.2), rewind=3, followers={"random": "random"}),
    Rst(0.3, cycles=2, final_epochs=1), EdgePopup(0.5)
]  # fmt: skip
TASK = small_task()


class Killed(BaseException):
    """What stops a run at once, as a kill does: nothing of the run sees it."""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts steps of the optimiser, and stops the run before step ``stop``."""
    told, real = {"done": 0, "stop": 10**9}, training._step

    def step(state: State, phase: training.Train, number: int) -> torch.Tensor:
        if told["done"] == told["stop"]:
            raise Killed
        told["done"] += 1
        return real(state, phase, number)

    monkeypatch.setattr(training, "_step", step)
    return told


def same(one: Outcome, other: Outcome) -> bool:
    values = one.state.replicas.state_dict()
    others = other.state.replicas.state_dict()
    return one.rows == other.rows and all(torch.equal(values[name], others[name]) for name in values)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("every", [0.0, 1e9], ids=["every step", "every round"])
def test_a_stopped_run_goes_on_and_loses_at_most_a_round(
    method, every: float, tmp_path: Path, steps: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", every)
    whole = run(method, conv, TASK, SETUP)
    total = steps["done"]
    for stop in (1, total // 2, total - 1):
        setup = replace(SETUP, checkpoint=tmp_path / str(stop))
        steps.update(done=0, stop=stop)
        with pytest.raises(Killed):
            run(method, conv, TASK, setup)
        steps.update(done=0, stop=10**9)
        assert same(run(method, conv, TASK, setup), whole)
        longest = max(phase.steps for phase in method.phases(SETUP, 240) if isinstance(phase, training.Train))
        assert steps["done"] <= total - stop + (0 if every == 0.0 else longest)


def test_a_run_that_has_ended_is_given_back(tmp_path: Path, steps: dict[str, int]) -> None:
    setup = replace(SETUP, checkpoint=tmp_path)
    first = run(METHODS[0], conv, TASK, setup)
    steps.update(done=0)
    assert same(run(METHODS[0], conv, TASK, setup), first)
    assert steps["done"] == 0
    assert len(list(tmp_path.glob("*.state"))) == 1


def test_another_run_is_never_taken(tmp_path: Path, steps: dict[str, int]) -> None:
    """Of the same shapes, in the same folder."""
    method, setup = METHODS[0], replace(SETUP, checkpoint=tmp_path)
    run(method, conv, TASK, setup)
    others = [
        (method, conv, TASK, replace(setup, seeds=(0, 2))),
        (method, conv, TASK, replace(setup, steps=STEPS + 1)),
        (method, conv, TASK, replace(setup, recipe=replace(SETUP.recipe, rate=0.05))),
        (replace(method, densities=(0.5, 0.4, 0.2)), conv, TASK, setup),
        (replace(method, rewind=2), conv, TASK, setup),
        (method, lambda seed: conv(seed + 1), TASK, setup),
        (method, conv, small_task(1), setup),
    ]
    for number, other in enumerate(others, 2):
        steps.update(done=0)
        again = run(*other)
        assert steps["done"] > 0
        assert len(list(tmp_path.glob("*.state"))) == number
        assert same(again, run(*other[:3], replace(other[3], checkpoint=None)))


def test_a_field_that_no_phase_shows_makes_another_run(tmp_path: Path, steps: dict[str, int]) -> None:
    """Scope and density of a search by scores are held by a function."""
    setup = replace(SETUP, checkpoint=tmp_path)
    methods = [EdgePopup(0.5), EdgePopup(0.4), EdgePopup(0.5, scope=GLOBAL), EdgePopup(0.5, "kaiming")]
    for number, method in enumerate(methods, 1):
        steps.update(done=0)
        run(method, conv, TASK, setup)
        assert steps["done"] == STEPS
        assert len(list(tmp_path.glob("*.state"))) == number


def test_a_damaged_checkpoint_costs_a_beginning_and_no_more(tmp_path: Path, steps: dict[str, int]) -> None:
    method, setup = METHODS[0], replace(SETUP, checkpoint=tmp_path)
    whole = run(method, conv, TASK, setup)
    (path,) = tmp_path.glob("*.state")
    for damage in (path.read_bytes()[:-9], b"nonsense", b""):
        path.write_bytes(damage)
        steps.update(done=0)
        assert same(run(method, conv, TASK, setup), whole)
        assert steps["done"] > 0


def test_rows_appear_as_they_are_measured(tmp_path: Path, steps: dict[str, int]) -> None:
    """A run stopped in its last training has told all but its last measurement, and goes on to the same lines."""
    method, setup = METHODS[0], replace(SETUP, checkpoint=tmp_path)
    whole = run(method, conv, TASK, SETUP).rows
    told = lambda: [json.loads(line) for file in tmp_path.glob("*.jsonl") for line in file.read_text().splitlines()]  # noqa: E731
    steps.update(done=0, stop=steps["done"] - 1)
    with pytest.raises(Killed):
        run(method, conv, TASK, setup)
    assert told() == [row for row in whole if row["label"] != "3"]
    steps.update(stop=10**9)
    run(method, conv, TASK, setup)
    assert told() == whole
