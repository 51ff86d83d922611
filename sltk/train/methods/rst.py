"""Random sparse network transformation: a random mask, and a growing penalty that empties what it leaves out.

Minimise ``L + decay/2 ||theta||^2 + lambda(t)/2 ||(1 - mask) theta||^2`` over all weights while ``lambda`` grows; cut;
train what is left. ``lambda = 0`` throughout is dense-then-cut, the ablation that decides.

Source: Bai et al. 2203.04248; the form of the penalty and of ``lambda(t)`` as their published code has them. Their
90,000 steps become the caller's; so does the rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sltk.core.report import Steps
from sltk.train.loop.given import Data
from sltk.train.loop.penalties import HALFWAY, GrowingL2, Ramp
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.base import TrainingMethod
from sltk.train.outcome import Outcome
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Open, Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import LAYERWISE, Scope
from sltk.train.pruning.scores import random
from sltk.train.runner import Model, run
from sltk.train.setup import RECIPE, Setup


@dataclass(frozen=True)
class Rst(TrainingMethod):
    """``cycles x [Prune(random, soft), Train(lambda)] + [Cut, Train]``; ``lambda`` starts again each cycle.

    The transformation takes the length of the setup, at a constant quarter of its rate.

    Args:
        density: kept fraction; cycle ``k`` of ``n`` asks for ``density^(k / n)``.
        cycles: 1, or 5 in the iterative variant.
        final_epochs: of the training after the cut.
        penalty: ``lambda(t)`` of one cycle; by default it reaches 1 after half of it.
        scope: where the random mask is drawn; layerwise in the source.
    """

    name: ClassVar[str] = "rst"
    cycles: int = 1
    final_epochs: float = 20
    penalty: GrowingL2 | Ramp = HALFWAY
    scope: Scope = LAYERWISE

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Transform in cycles, cut, train."""
        recipe, steps = setup.timed(rows)
        slow, n = recipe.flat(recipe.rate / 4), self.cycles
        found: list[Phase] = [Open()]
        for cycle, density in enumerate(to_density(self.density, n)):
            begun, done = steps * cycle // n, steps * (cycle + 1) // n
            grown = self.penalty.over(steps // n)
            train = Train(done - begun, slow, start=begun, penalty=grown, augment=setup.augment)
            found += [Prune(density, random, self.scope, soft=True), train]
        final, last = setup.timed(rows, self.final_epochs)
        kept = Train(last, final, augment=setup.augment)
        return [*found, Measure("transformed"), Cut(), Measure("cut"), kept, Measure("final")]


def rst(
    model: Model,
    data: Data,
    *,
    density: float = 0.1,
    cycles: int = 1,
    final_epochs: float = 20,
    scope: Scope = LAYERWISE,
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: float = 20,
    recipe: TrainingRecipe = RECIPE,
    device: str = "cpu",
    report: Steps | None = None,
) -> Outcome:
    """RST to ``density``; the arguments are those of ``Rst`` and of ``Setup``."""
    setup = Setup(basis, seeds, epochs, recipe=recipe, device=device, report=report)
    return run(Rst(density, cycles, final_epochs, scope=scope), model, data, setup)
