"""Edge-popup: weights stay as they were drawn; scores are trained, and the best-scored weights are the network.

Source: Ramanujan et al. 1911.13299 (remembered). ``density`` is the kept fraction.
"""

from collections.abc import Sequence
from typing import Any

from sltk.core.report import Steps
from sltk.train.loop.phases import Cut, Measure, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.rst import LAYERWISE
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.search import Law, search_tickets, top_scores

RECIPE = TrainingRecipe(rate=0.2, momentum=0.9, decay=1e-4)


def edge_popup_phases(density: float, recipe: TrainingRecipe, steps: int, scope: Scope) -> list[Any]:
    """``[Train(scores), Cut]``."""
    return [Train(steps, recipe, refresh=top_scores(density, scope)), Cut(), Measure("final")]


def edge_popup(
    model: Model,
    data: Any,
    *,
    density: float = 0.5,
    law: Law = "signed-constant",
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: int = 60,
    recipe: TrainingRecipe | None = None,
    scope: Scope = LAYERWISE,
    report: Steps | None = None,
) -> Outcome:
    """A strong ticket by search: no weight, no bias is trained.

    Args:
        density: kept fraction.
        law: of the coefficients: ``own`` keeps the model's; see ``sltk.train.pruning.search``.
        scope: per layer, or ``Scope("global")``.
    """
    state = start(model, data, seeds=seeds, basis=basis)
    search_tickets(state.replicas, law=law, density=density)
    own, steps = timed(recipe or RECIPE, epochs, len(state.task.train.y))
    return finish(state, edge_popup_phases(density, own, steps, scope), report)
