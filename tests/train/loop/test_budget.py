"""Budgets: counted by hand, the same stacked, resumed or rewound, and what equal means."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from sltk.train.loop import budget
from sltk.train.loop.budget import PASSES, Budget, budget_of, places, step_products
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.runner import run
from sltk.train.setup import Setup
from tests.train.engine_task import conv, dense, small_task, state_of

TASK = small_task()
SETUP = Setup(seeds=(0, 1), epochs=2, recipe=TrainingRecipe(rate=0.05, batch=40))


def test_a_weight_is_multiplied_once_in_a_dense_layer_and_at_every_place_of_a_convolution() -> None:
    assert places(conv(0), TASK.train.x[:1]) == {"0.weight": 16, "4.weight": 1}
    state = state_of(conv)
    assert step_products(state.replicas, TASK.train.x, 10) == [PASSES * 10 * (27 * 16 + 48 * 4)] * 2
    with torch.no_grad():
        state.replicas.tickets["0.weight"].gate[1, 0] = False
    assert step_products(state.replicas, TASK.train.x, 10)[1] == PASSES * 10 * (18 * 16 + 48 * 4)


def test_where_weights_act_is_found_once_for_a_network_and_a_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(budget, "places", lambda module, x: asked.append(tuple(x.shape)) or places(module, x))
    x = TASK.train.x
    large, own, other = x.repeat(1, 1, 1, 2), state_of(dense).replicas, nn.Sequential(nn.Conv2d(1, 2, 3))
    both = [step_products(own, x, 10), step_products(own, x[3:], 10)]
    assert both[0] == both[1]
    assert asked == [(1, 1, 4, 4)]
    assert [budget._kept_places(other, rows[:1]) for rows in (x, large, x)] == [{"0.weight": n} for n in (4, 12, 4)]
    assert len(asked) == 3


def test_rounds_of_pruning_cost_what_is_left() -> None:
    """Six steps an epoch; a rewind sets the position back, and not what was spent."""
    outcome = run(Imp(0.25, rounds=2), dense, TASK, SETUP)
    budgets = [budget_of(row) for row in outcome.rows if row["seed"] == 0]
    each = PASSES * 40 * 12
    wanted = [240 * each, (240 + 120) * each, (240 + 120 + 60) * each]
    assert [(b.epochs, b.steps, b.multiply_adds) for b in budgets] == [
        (2.0 * (n + 1), 12 * (n + 1), pytest.approx(wanted[n])) for n in range(3)
    ]


def test_a_soft_mask_saves_nothing_before_the_cut() -> None:
    outcome = run(Rst(0.25, final_epochs=1), dense, TASK, SETUP)
    transformed, cut, final = (budget_of(row) for row in outcome.rows if row["seed"] == 0 and "steps" in row)
    assert transformed == cut == Budget(2.0, 12, PASSES * 40 * 12 * 240)
    assert final == Budget(3.0, 18, PASSES * 40 * (12 * 240 + 6 * 60))


def test_what_was_spent_outlives_a_stop(tmp_path: Path) -> None:
    setup = replace(SETUP, checkpoint=tmp_path)
    first = run(Imp(0.25, rounds=2), dense, TASK, setup)
    again = run(Imp(0.25, rounds=2), dense, TASK, setup)  # from the file of the whole run
    assert first.rows == again.rows
    assert again.state.steps == 36
    assert again.state.products == first.state.products
