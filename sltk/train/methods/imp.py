"""Iterative magnitude pruning with rewinding, in any basis.

Train to ``theta_T``; among the survivors drop the coefficients of smallest size; put the rest back to what they were
after ``rewind`` steps; train again. ``rewind = 0`` is the original lottery ticket; ``weights=False`` rewinds the rate
alone.

Source: Frankle, Carbin 1803.03635; 1912.05671 (rewinding); 2003.02389 (rates), all remembered. In other bases:
Keysers et al. 2107.06825, of which only the abstract could be read, so that the protocol is this project's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sltk.core.report import Steps
from sltk.train.bases import RANDOM
from sltk.train.loop.phases import GLOBAL, Anchor, Augment, Measure, Prune, Rewind, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.followers import Follow
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.scores import Score, magnitude, random


def imp_phases(
    densities: Sequence[float],
    recipe: TrainingRecipe,
    steps: int,
    *,
    rewind: int = 0,
    weights: bool = True,
    scope: Scope = GLOBAL,
    score: Score = magnitude,
    followers: Mapping[str, Follow] | None = None,
    augment: Augment | None = None,
) -> list[Any]:
    """``n x [Train, Prune, Rewind] + [Train]``, with a ``Measure`` after each training, labelled by the round."""
    train = Train(steps - rewind, recipe, start=rewind, augment=augment)
    first: list[Any] = [Anchor("start"), train]
    if rewind:
        on = Train(steps - rewind, recipe, start=rewind, fresh=False, augment=augment)
        first = [Train(rewind, recipe, augment=augment), Anchor("start"), on]
    phases: list[Any] = [*first, Measure("0")]
    for r, density in enumerate(densities, 1):
        prune = Prune(density, score, scope, followers=followers or {})
        phases += [prune, Rewind("start", weights), train, Measure(str(r))]
    return phases


def imp(
    model: Model,
    data: Any,
    *,
    basis: str = "canonical",
    density: float = 0.02,
    rounds: int = 10,
    seeds: Sequence[int] = (0,),
    epochs: int = 20,
    recipe: TrainingRecipe | None = None,
    rewind: int = 0,
    weights: bool = True,
    scope: Scope = GLOBAL,
    augment: Augment | None = None,
    device: str = "cpu",
    report: Steps | None = None,
) -> Outcome:
    """IMP to ``density`` in ``rounds`` rounds of equal shares.

    Args:
        model: ``seed -> module``, or one module for one seed.
        data: a data set, or a ``Task``.
        basis: see ``sltk.train.bases``.
        density: kept fraction of the weights' numbers after the last round.
        rounds: of pruning.
        seeds: one replica each.
        epochs: of every training.
        recipe: default SGD at .2, momentum .9, decay 1e-4, cosine to 0.
        rewind: steps after which the anchor is stored.
        weights: whether a rewind restores weights, or the rate alone.
        scope: over which coefficients compete.
        augment: of the training batches, such as ``sltk.data.augment.CropFlip()``.
        device: where it runs.
        report: called with (phases done, phases in all).
    """
    state = start(model, data, seeds=seeds, basis=basis, device=device)
    recipe, steps = timed(recipe, epochs, len(state.task.train.y))
    score = random if basis.partition(":")[0] in RANDOM else magnitude
    phases = imp_phases(
        to_density(density, rounds),
        recipe,
        steps,
        rewind=rewind,
        weights=weights,
        scope=scope,
        score=score,
        augment=augment,
    )
    return finish(state, phases, report)
