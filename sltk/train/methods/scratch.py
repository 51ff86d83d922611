"""Scratch: a random mask from the start, trained as long as the method that it is held against."""

from collections.abc import Sequence
from typing import Any

from sltk.core.report import Steps
from sltk.train.loop.phases import Measure, Prune, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.rst import LAYERWISE
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.scores import random


def scratch_phases(density: float, recipe: TrainingRecipe, steps: int, scope: Scope = LAYERWISE) -> list[Any]:
    """``[Prune(random), Train]``."""
    return [Prune(density, random, scope), Train(steps, recipe), Measure("final")]


def warm_scratch_phases(
    density: float, first: tuple[TrainingRecipe, int], final: tuple[TrainingRecipe, int], scope: Scope = LAYERWISE
) -> list[Any]:
    """``[Prune(random), Train, Train]``: the same two trainings as RST, with the mask shut in both."""
    return [Prune(density, random, scope), Train(first[1], first[0]), Train(final[1], final[0]), Measure("final")]


def scratch(
    model: Model,
    data: Any,
    *,
    density: float = 0.1,
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: int = 20,
    recipe: TrainingRecipe | None = None,
    scope: Scope = LAYERWISE,
    report: Steps | None = None,
) -> Outcome:
    """A random mask, trained for ``epochs``: give it those of all phases of a rival for a fair comparison."""
    state = start(model, data, seeds=seeds, basis=basis)
    own, steps = timed(recipe, epochs, len(state.task.train.y))
    return finish(state, scratch_phases(density, own, steps, scope), report)
