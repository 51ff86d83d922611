"""Iterative hard thresholding: train all coefficients, keep the largest again and again; no rewind.

Between two thresholds every coefficient is open, so one that was dropped may come back. With ``low-rank`` it is the
projection onto matrices of low rank, with ``unit`` onto networks of few units.
"""

from collections.abc import Sequence
from typing import Any

from sltk.core.report import Steps
from sltk.train.loop.phases import GLOBAL, Cut, Measure, Open, Prune, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.zero import Zero
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.scopes import Scope


def iht_phases(
    density: float, recipe: TrainingRecipe, steps: int, thresholds: int, final: int, scope: Scope
) -> list[Any]:
    """``n x [Open, Train, Prune, Zero]``, then a training inside the last mask."""
    part = max(1, steps // thresholds)
    phases: list[Any] = []
    for n in range(thresholds):
        phases += [Open(), Train(part, recipe, start=n * part), Prune(density, scope=scope), Zero()]
    return [*phases, Cut(), Measure("cut"), Train(final, recipe, start=0), Measure("final")]


def iht(
    model: Model,
    data: Any,
    *,
    basis: str = "canonical",
    density: float = 0.1,
    thresholds: int = 10,
    seeds: Sequence[int] = (0,),
    epochs: int = 20,
    final_epochs: int = 20,
    recipe: TrainingRecipe | None = None,
    scope: Scope = GLOBAL,
    report: Steps | None = None,
) -> Outcome:
    """IHT with ``thresholds`` projections over ``epochs``, then ``final_epochs`` with the mask fixed; see ``imp``."""
    state = start(model, data, seeds=seeds, basis=basis)
    own, steps = timed(recipe, epochs, len(state.task.train.y))
    _, final = timed(recipe, final_epochs, len(state.task.train.y))
    return finish(state, iht_phases(density, own, steps, thresholds, final, scope), report)
