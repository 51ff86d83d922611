"""Warm-up, cosine and steps: rates by hand, over trainings of any length, from the setup to the optimiser."""

import math
from dataclasses import replace

import pytest

from sltk.core.errors import SltkError
from sltk.train.loop.rates import Rates
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.dense import Dense
from sltk.train.methods.imp import Imp
from sltk.train.phases.train import Train
from sltk.train.runner import run
from sltk.train.setup import Setup
from tests.train.engine_task import dense, small_task

RECIPE = TrainingRecipe(rate=0.2, batch=40)


def rates(given: Rates, steps: int) -> list[float]:
    recipe = replace(RECIPE, rates=given).over(steps)
    return [recipe.rate_at(t) for t in range(steps)]


def test_schedules_by_hand() -> None:
    assert rates(Rates("constant"), 4) == [0.2] * 4
    assert rates(Rates(), 4) == [pytest.approx(0.1 * (1 + math.cos(math.pi * t / 4))) for t in range(4)]
    stepped = rates(Rates("step", (0.5, 0.75), 0.1), 8)
    assert stepped == [pytest.approx(r) for r in [0.2] * 4 + [0.02] * 2 + [0.002] * 2]
    risen = rates(Rates("constant", warmup=4), 6)
    assert risen == [pytest.approx(r) for r in (0.05, 0.1, 0.15, 0.2, 0.2, 0.2)]
    both = rates(Rates("step", (0.5,), 0.5, warmup=2), 4)
    assert both == [pytest.approx(r) for r in (0.1, 0.2, 0.1, 0.1)]


def test_every_training_gets_the_schedule_over_its_own_length() -> None:
    setup = Setup(epochs=2, recipe=replace(RECIPE, rates=Rates("step", (0.5,), 0.1, warmup=3)))
    trains = [p for p in Imp(0.5, rounds=2, rewind=4).phases(setup, 240) if isinstance(p, Train)]
    assert [(p.start, p.steps) for p in trains] == [(0, 4), (4, 8), (4, 8), (4, 8)]
    assert [p.recipe.rate_at(p.start + 1) for p in trains] == [pytest.approx(r) for r in (0.2 * 2 / 3, 0.2, 0.2, 0.2)]
    assert all(p.recipe.rate_at(6) == pytest.approx(0.02) for p in trains)
    short, steps = setup.timed(240, 1)
    assert (steps, short.rate_at(2), short.rate_at(3)) == (6, pytest.approx(0.2), pytest.approx(0.02))


def test_steps_that_are_told_stay_and_a_constant_part_has_no_warm_up() -> None:
    told = replace(RECIPE, milestones=(7,), rates=Rates("step", warmup=2))
    assert told.over(100).milestones == (7,)
    assert told.flat(0.05).rate_at(0) == 0.05


def test_the_schedule_reaches_the_optimiser() -> None:
    outcomes = {
        name: run(Dense(), dense, small_task(), Setup(steps=6, recipe=replace(RECIPE, rates=given)))
        for name, given in {"cosine": Rates(), "step": Rates("step"), "warm": Rates(warmup=3)}.items()
    }
    losses = {name: outcome.last[0]["loss"] for name, outcome in outcomes.items()}
    assert len(set(losses.values())) == 3
    optimiser = outcomes["step"].state.optimiser
    assert optimiser is not None
    assert optimiser.param_groups[0]["lr"] == pytest.approx(0.2 * 0.1**2)  # at the last of six steps


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Rates("linear"), "cosine, step or constant"),  # type: ignore[arg-type]
        (lambda: Rates(milestones=(0.8, 0.5)), "rising"),
        (lambda: Rates(milestones=(30.0,)), "shares of a training"),
        (lambda: Rates(factor=0.0), "factor"),
        (lambda: Rates(warmup=-1), "warmup"),
    ],
)
def test_wrong_rates_are_refused(make, named: str) -> None:
    with pytest.raises(SltkError, match=named):
        make()
