"""Magnitude after training: train dense, cut the smallest once, train on. With L1, sizes are shrunk meanwhile."""

from collections.abc import Sequence
from typing import Any

from sltk.core.report import Steps
from sltk.train.loop.penalties import L1, Penalty
from sltk.train.loop.phases import GLOBAL, Cut, Measure, Prune, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.scopes import Scope


def after_training_phases(
    density: float, recipe: TrainingRecipe, steps: int, scope: Scope, penalty: Penalty | None = None
) -> list[Any]:
    """``[Train, Prune, Cut, Train]``; under a penalty a second training before the cut has it."""
    shrunk = [] if penalty is None else [Train(steps, recipe, penalty=penalty)]
    cut = [Prune(density, scope=scope, soft=True), Cut(), Measure("cut")]
    return [Train(steps, recipe), Measure("dense"), *shrunk, *cut, Train(steps, recipe), Measure("final")]


def after_training(
    model: Model,
    data: Any,
    *,
    density: float = 0.1,
    l1: float = 0.0,
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: int = 20,
    recipe: TrainingRecipe | None = None,
    scope: Scope = GLOBAL,
    report: Steps | None = None,
) -> Outcome:
    """One cut of the smallest coefficients of a trained network; ``l1 > 0`` shrinks them before; see ``imp``."""
    state = start(model, data, seeds=seeds, basis=basis)
    own, steps = timed(recipe, epochs, len(state.task.train.y))
    return finish(state, after_training_phases(density, own, steps, scope, L1(l1) if l1 else None), report)
