"""Pruning before training, by SNIP, SynFlow or chance, then one training."""

from collections.abc import Sequence
from typing import Any, Literal

from sltk.core.errors import SltkError
from sltk.core.report import Steps
from sltk.train.loop.phases import GLOBAL, Measure, Prune, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.scores import Score, magnitude, random, snip, synflow

Name = Literal["snip", "synflow", "random", "magnitude"]
SCORES: dict[str, Score] = {"snip": snip, "synflow": synflow, "random": random, "magnitude": magnitude}
ROUNDS = {"synflow": 100}  # one shot of SynFlow loses whole layers; in many small steps it does not


def at_init_phases(score: Name, density: float, recipe: TrainingRecipe, steps: int, scope: Scope) -> list[Any]:
    """``n x [Prune] + [Train]``."""
    if score not in SCORES:
        raise SltkError(f"score must be one of {', '.join(SCORES)}, but got {score!r}.")
    prunes = [Prune(d, SCORES[score], scope) for d in to_density(density, ROUNDS.get(score, 1))]
    return [*prunes, Train(steps, recipe), Measure("final")]


def at_init(
    model: Model,
    data: Any,
    *,
    score: Name = "snip",
    density: float = 0.1,
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: int = 20,
    recipe: TrainingRecipe | None = None,
    scope: Scope = GLOBAL,
    report: Steps | None = None,
) -> Outcome:
    """Prune to ``density`` by ``score``, then train; see ``imp`` for the arguments that they share."""
    state = start(model, data, seeds=seeds, basis=basis)
    own, steps = timed(recipe, epochs, len(state.task.train.y))
    return finish(state, at_init_phases(score, density, own, steps, scope), report)
