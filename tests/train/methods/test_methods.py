"""Methods on a small task: what they keep, what they train, and what they select on."""

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.train.bases import bases, basis_named
from sltk.train.loop.given import task_of
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task, split_validation
from sltk.train.methods.at_init import AtInit
from sltk.train.methods.dynamic.acdc import Acdc
from sltk.train.methods.edge_popup import edge_popup
from sltk.train.methods.imp import Imp, imp
from sltk.train.phases.train import Train
from sltk.train.pruning.choose import keep_count
from sltk.train.pruning.scopes import Scope
from sltk.train.runner import start
from sltk.train.setup import Setup
from tests.train.engine_task import conv, dense, small_task

TASK, FAST = small_task(), TrainingRecipe(rate=0.05, batch=40)


@pytest.mark.parametrize("basis", bases())
@pytest.mark.parametrize("make", [dense, conv])
def test_imp_runs_in_every_basis(basis: str, make) -> None:
    outcome = imp(make, TASK, basis=basis, density=0.3, rounds=2, seeds=(0, 1), epochs=1, recipe=FAST)
    total = 240 if make is dense else 219
    kept = {round(row["density"] * total) for row in outcome.rows if row["label"] == "2"}
    exact = basis not in ("unit", "low-rank")
    assert kept == {keep_count(0.3, total)} if exact else max(kept) <= keep_count(0.3, total)
    assert len(outcome.accuracy("2")) == 2


def test_edge_popup_trains_no_weight() -> None:
    model = lambda seed: dense(seed)  # noqa: E731
    outcome = edge_popup(
        model, TASK, density=0.5, law="own", seeds=(3,), epochs=4, recipe=TrainingRecipe(rate=0.5, batch=40)
    )
    assert torch.equal(outcome.state.replicas.tickets["1.weight"].coefficients[0], dense(3)[1].weight)
    assert torch.equal(outcome.state.replicas.rest["1.bias"][0], dense(3)[1].bias)
    still = edge_popup(
        model, TASK, density=0.5, law="own", seeds=(3,), epochs=1, recipe=TrainingRecipe(rate=1e-9, batch=40)
    )
    assert not torch.equal(outcome.masks["1.weight"], still.masks["1.weight"])  # the mask is what learns
    assert outcome.accuracy("final")[0] > still.accuracy("final")[0]


def test_edge_popup_scopes_and_laws() -> None:
    outcome = edge_popup(dense, TASK, density=0.25, scope=Scope("global"), seeds=(0, 1), epochs=2, recipe=FAST)
    assert {row["density"] for row in outcome.rows if "density" in row} == {0.25}
    sizes = outcome.state.replicas.tickets["1.weight"].coefficients.abs()
    assert torch.allclose(sizes, torch.full_like(sizes, (2 / (16 * 0.25)) ** 0.5))
    with pytest.raises(SltkError, match="law"):
        edge_popup(dense, TASK, law="cauchy")  # type: ignore[arg-type]


def test_mistake_accuracy_selected_on_the_test_set() -> None:
    """Other test labels change the test column of the rows and nothing else that a method does."""
    other = Task(TASK.train, TASK.validation, Samples(TASK.test.x, (TASK.test.y + 1) % 4))
    a = imp(dense, TASK, density=0.3, rounds=2, epochs=1, recipe=FAST)
    b = imp(dense, other, density=0.3, rounds=2, epochs=1, recipe=FAST)
    assert all(torch.equal(v, b.state.values()[n]) for n, v in a.state.values().items())
    drop = [{k: v for k, v in row.items() if k not in ("test", "loss")} for row in a.rows]
    assert drop == [{k: v for k, v in row.items() if k not in ("test", "loss")} for row in b.rows]
    assert [row["test"] for row in a.rows] != [row["test"] for row in b.rows]


def test_the_validation_part_is_held_back_and_fixed() -> None:
    x = torch.arange(50.0)[:, None]
    train, held = split_validation(x, torch.arange(50), name="n")
    assert sorted([*train.y.tolist(), *held.y.tolist()]) == list(range(50))
    assert len(held.y) == 10
    assert torch.equal(held.y, split_validation(x, torch.arange(50), name="n")[1].y)


def test_initial_weights_depend_on_the_seed_alone() -> None:
    method = Imp(followers={"reinitialised": "same", "random": "random"})
    first = start(method, dense, TASK, Setup(seeds=(4, 5))).values()["c:1.weight"]
    assert torch.equal(first[0], dense(4)[1].weight)
    assert torch.equal(first[0], first[4])  # random shares the ticket's network
    assert not torch.equal(first[0], first[2])  # reinitialised does not
    assert not torch.equal(first[2], first[3])


def test_a_data_set_becomes_a_task_and_bad_input_is_refused() -> None:
    class Data:
        train_x, train_y, test_x, test_y, name = TASK.train.x, TASK.train.y, TASK.test.x, TASK.test.y, "d"

    assert len(task_of(Data()).validation.y) == 48
    with pytest.raises(SltkError, match="one module cannot start"):
        imp(dense(0), TASK, seeds=(0, 1))
    with pytest.raises(SltkError, match="basis must be"):
        basis_named("wavelet")
    with pytest.raises(SltkError, match="score must be"):
        AtInit(score="fisher")  # type: ignore[arg-type]


def test_acdc_is_dense_and_sparse_in_turn_and_lets_weights_come_back() -> None:
    setup = Setup(steps=60, recipe=TrainingRecipe(rate=0.3, batch=40, decay=0.05))  # decay lets others pass
    state = start(Acdc(0.6, cycles=2), dense, TASK, setup)
    open_shares, masks = [], []
    for phase in Acdc(0.6, cycles=2).phases(setup, 240):
        state.inside = 0
        phase.run(state)
        if isinstance(phase, Train):
            tickets = state.replicas.tickets.values()
            open_shares.append(sum(int(t.gate.sum()) for t in tickets) / 240)
            masks.append(state.replicas.tickets["1.weight"].mask.clone())
            for t in tickets:
                assert t()[~t.gate].abs().sum() == 0
    assert open_shares == [1.0, 0.6, 1.0, 0.6]
    assert (masks[3] & ~masks[1]).any()
    assert state.position == 60
