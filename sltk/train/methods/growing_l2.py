"""Growing-L2 pruning: train, mark the smallest coefficients, push them to 0 by a growing penalty, cut, train.

Source: Wang et al. 2012.09243 (remembered).
"""

from collections.abc import Sequence
from typing import Any

from sltk.core.report import Steps
from sltk.train.loop.penalties import GrowingL2
from sltk.train.loop.phases import GLOBAL, Cut, Measure, Prune, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.rst import ramp
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.scopes import Scope


def growing_l2_phases(
    density: float,
    recipe: TrainingRecipe,
    steps: int,
    push: tuple[TrainingRecipe, int],
    penalty: GrowingL2,
    scope: Scope,
) -> list[Any]:
    """``[Train, Prune(magnitude, soft), Train(lambda), Cut, Train]``."""
    marked = [Train(steps, recipe), Measure("dense"), Prune(density, scope=scope, soft=True)]
    pushed = [Train(push[1], push[0], penalty=penalty), Cut(), Measure("cut")]
    return [*marked, *pushed, Train(steps, recipe), Measure("final")]


def growing_l2(
    model: Model,
    data: Any,
    *,
    density: float = 0.1,
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: int = 20,
    recipe: TrainingRecipe | None = None,
    scope: Scope = GLOBAL,
    report: Steps | None = None,
) -> Outcome:
    """Growing L2 to ``density``; training, pushing and training again take ``epochs`` each; see ``imp``."""
    state = start(model, data, seeds=seeds, basis=basis)
    own, steps = timed(recipe, epochs, len(state.task.train.y))
    push = TrainingRecipe(own.optimiser, own.rate / 4, own.momentum, own.decay, own.batch), steps
    return finish(state, growing_l2_phases(density, own, steps, push, ramp(steps), scope), report)
