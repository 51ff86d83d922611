"""The first training is made once for all orthonormal bases, and only where it is the same run."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sltk.train.common_start import common_phases, take_over
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task
from sltk.train.loop.state import State
from sltk.train.methods.after_training import AfterTraining
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.phases import train as training
from sltk.train.phases.base import run_phases
from sltk.train.runner import run, start
from sltk.train.setup import Setup
from tests.train.engine_task import dense, small_task, state_of

STEPS, ROUNDS = 8, 2
METHOD = Imp(0.3, densities=(0.6, 0.3), rewind=3, followers={"random": "random"})
SETUP = Setup(seeds=(0, 1), steps=STEPS, recipe=TrainingRecipe(rate=0.1, decay=1e-2, batch=40))
BASES = ("canonical", "dct", "haar", "svd", "unit")
TASK = Task(*(Samples(s.x.double(), s.y) for s in (small_task().train, small_task().validation, small_task().test)))


def wide(seed: int) -> torch.nn.Module:
    return dense(seed).double()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one a step of the optimiser."""
    done, real = [], training._step

    def step(state: State, phase: training.Train, number: int) -> torch.Tensor:
        done.append(number)
        return real(state, phase, number)

    monkeypatch.setattr(training, "_step", step)
    return done


def test_all_orthonormal_bases_have_one_first_training(tmp_path: Path, steps: list[int]) -> None:
    """Its rows are the same rows, and it is trained once."""
    found = [run(METHOD, wide, TASK, replace(SETUP, basis=basis, shared=tmp_path)) for basis in BASES]
    assert len(steps) == STEPS + len(BASES) * ROUNDS * (STEPS - METHOD.rewind)
    first = [[row for row in outcome.rows if row["label"] == "0"] for outcome in found]
    assert all(rows == first[0] for rows in first)
    last = [[row["loss"] for row in outcome.last] for outcome in found]
    assert len({tuple(losses) for losses in last}) == len(BASES)  # and then they part


@pytest.mark.parametrize("basis", ["dct", "haar", "svd"])
def test_it_is_what_training_in_the_basis_itself_comes_to(basis: str) -> None:
    setup = replace(SETUP, basis=basis)
    mine = run(METHOD, wide, TASK, setup).state
    alone = run_phases(start(METHOD, wide, TASK, setup), METHOD.phases(setup, 240))
    for name, value in alone.values().items():
        assert torch.allclose(mine.values()[name], value, rtol=0.0, atol=1e-9), name
    for name, value in alone.anchors["start"][0].items():
        assert torch.allclose(mine.anchors["start"][0][name], value, rtol=0.0, atol=1e-9), name
    assert (mine.steps, mine.epochs) == (alone.steps, alone.epochs)
    assert [row["label"] for row in mine.rows] == [row["label"] for row in alone.rows]
    assert torch.equal(mine.generator, alone.generator)


def test_taken_for_coefficients_as_they_are_it_is_another_network() -> None:
    """Negative control: without the turn into the basis."""
    setup = replace(SETUP, basis="dct")
    phases = METHOD.phases(setup, 240)
    count = common_phases(start(METHOD, wide, TASK, setup), phases)
    first = run_phases(start(METHOD, wide, TASK, replace(setup, basis="canonical")), phases[:count])
    right, wrong = start(METHOD, wide, TASK, setup), start(METHOD, wide, TASK, setup)
    take_over(right, first)
    for name, value in first.values().items():
        wrong.values()[name].data.copy_(value)
    same = [torch.allclose(a(), b(), atol=1e-3) for a, b in zip(
        right.replicas.tickets.values(), first.replicas.tickets.values(), strict=True)]  # fmt: skip
    assert all(same)
    assert not torch.allclose(wrong.replicas.tickets["1.weight"](), first.replicas.tickets["1.weight"](), atol=1e-3)


def test_only_where_it_is_the_same_run() -> None:
    sgd, adam = SETUP, replace(SETUP, recipe=TrainingRecipe("adam", rate=0.01, batch=40))
    state = state_of(dense, basis="dct")
    assert common_phases(state, METHOD.phases(sgd, 240)) == 4  # to the anchor, on from it, measured
    assert common_phases(state, AfterTraining(0.3, l1=0.1).phases(sgd, 240)) == 2  # not the training under the penalty
    for method, setup in ((METHOD, adam), (Rst(0.3), sgd), (EdgePopup(0.5), sgd)):
        assert common_phases(state, method.phases(setup, 240)) == 0
    assert common_phases(state_of(dense, basis="low-rank"), METHOD.phases(sgd, 240)) == 0
    state.replicas.tickets["1.weight"].gate[0, 0, 0] = False
    assert common_phases(state, METHOD.phases(sgd, 240)) == 0


def test_a_subspace_starts_for_itself(steps: list[int], tmp_path: Path) -> None:
    run(METHOD, wide, TASK, replace(SETUP, basis="subspace", shared=tmp_path))
    assert not list(tmp_path.iterdir())
