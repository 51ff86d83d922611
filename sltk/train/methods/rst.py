"""Random sparse network transformation: a random mask, and a growing penalty that empties what it leaves out.

Minimise ``L + decay/2 ||theta||^2 + lambda(t)/2 ||(1 - mask) theta||^2`` over all weights while ``lambda`` grows; cut;
train what is left. ``lambda = 0`` throughout is dense-then-cut, the ablation that decides.

Source: Bai et al. 2203.04248; the form of the penalty and of ``lambda(t)`` as their published code has them. Their
90,000 steps become the caller's; so does the rate.
"""

from collections.abc import Sequence
from typing import Any

from sltk.core.report import Steps
from sltk.train.loop.penalties import GrowingL2
from sltk.train.loop.phases import Cut, Measure, Open, Prune, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.outcome import Model, Outcome, finish, start, timed
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.scores import random

LAYERWISE = Scope("layerwise")


def rst_phases(
    density: float,
    first: tuple[TrainingRecipe, int],
    final: tuple[TrainingRecipe, int],
    penalty: GrowingL2,
    *,
    cycles: int = 1,
    scope: Scope = LAYERWISE,
) -> list[Any]:
    """``cycles x [Prune(random, soft), Train(lambda)] + [Cut, Train]``; ``lambda`` starts again each cycle.

    Args:
        density: kept fraction; cycle ``k`` of ``n`` asks for ``density^(k / n)``.
        first: recipe and steps of the transformation, all cycles together.
        final: recipe and steps after the cut.
        penalty: ``lambda(t)``.
        cycles: 1, or 5 in the iterative variant.
        scope: where the random mask is drawn; layerwise in the source.
    """
    recipe, steps = first
    phases: list[Any] = [Open()]
    for n, step in enumerate(to_density(density, cycles)):
        share = steps * (n + 1) // cycles - steps * n // cycles
        phases += [
            Prune(step, random, scope, soft=True),
            Train(share, recipe, start=steps * n // cycles, penalty=penalty),
        ]
    return [*phases, Measure("transformed"), Cut(), Measure("cut"), Train(final[1], final[0]), Measure("final")]


def rst(
    model: Model,
    data: Any,
    *,
    density: float = 0.1,
    basis: str = "canonical",
    cycles: int = 1,
    seeds: Sequence[int] = (0,),
    epochs: int = 20,
    final_epochs: int = 20,
    recipe: TrainingRecipe | None = None,
    penalty: GrowingL2 | None = None,
    scope: Scope = LAYERWISE,
    report: Steps | None = None,
) -> Outcome:
    """RST to ``density``; see ``imp`` for the arguments that they share.

    Args:
        cycles: more than 1 is the iterative variant.
        epochs: of the transformation.
        final_epochs: after the cut.
        penalty: default: ``lambda`` reaches 1 after half of the transformation.
    """
    state = start(model, data, seeds=seeds, basis=basis)
    rows = len(state.task.train.y)
    own, steps = timed(recipe, epochs, rows)
    grown = penalty or ramp(steps // cycles)
    flat = TrainingRecipe(own.optimiser, own.rate / 4, own.momentum, own.decay, own.batch)
    phases = rst_phases(density, (flat, steps), timed(recipe, final_epochs, rows), grown, cycles=cycles, scope=scope)
    return finish(state, phases, report)


def ramp(steps: int, cap: float = 1.0) -> GrowingL2:
    """``lambda`` from 0 to ``cap`` over the first half of ``steps``, raised at every step, then held."""
    return GrowingL2(increment=2.0 * cap / max(1, steps), every=1, cap=cap)
