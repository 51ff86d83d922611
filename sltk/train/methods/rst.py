"""Random sparse network transformation: a random mask, and a growing penalty that empties what it leaves out.

Minimise ``L + decay/2 ||theta||^2 + lambda(t)/2 ||(1 - mask) theta||^2`` over all weights while ``lambda`` grows; cut;
train what is left. ``lambda = 0`` throughout is dense-then-cut, the ablation that decides.

Source: Bai et al. 2203.04248; the form of the penalty and of ``lambda(t)`` as their published code has them. Their
90,000 steps become the caller's; so does the rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sltk.core.errors import SltkError
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
        scope: where the random mask is drawn; layerwise in the source, with first and last layer dense.
        transform: optimiser, rate and batch of the transformation, in place of the quarter of the setup's rate.
    """

    name: ClassVar[str] = "rst"
    cycles: int = 1
    final_epochs: float = 20
    penalty: GrowingL2 | Ramp = HALFWAY
    scope: Scope = LAYERWISE
    transform: TrainingRecipe | None = None

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Transform in cycles, cut, train."""
        recipe, steps = setup.timed(rows)
        slow, n = self.transform or recipe.flat(recipe.rate / 4), self.cycles
        found: list[Phase] = [Open()]
        for cycle, density in enumerate(to_density(self.density, n)):
            begun, done = steps * cycle // n, steps * (cycle + 1) // n
            grown = self.penalty.over(steps // n)
            train = Train(done - begun, slow, start=begun, penalty=grown, augment=setup.augment)
            found += [Prune(density, random, self.scope, soft=True), train]
        final, last = setup.timed(rows, self.final_epochs)
        kept = Train(last, final, augment=setup.augment)
        return [*found, Measure("transformed"), Cut(), Measure("cut"), kept, Measure("final")]


@dataclass(frozen=True)
class PaperLengths:
    """How long the source's code runs, and how that is shortened.

    Args:
        shrink: of all lengths; 1 is the source's.
    """

    shrink: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.shrink <= 1.0:
            raise SltkError(f"shrink is a share of the paper's lengths, in (0, 1], but got {self.shrink}; pass 1.")

    @property
    def steps(self) -> int:
        """Of the transformation: 90,000."""
        return max(1, round(90_000 * self.shrink))

    @property
    def final_epochs(self) -> float:
        """After the cut: 200."""
        return 200 * self.shrink

    @property
    def penalty(self) -> GrowingL2 | Ramp:
        """To 1 by 1e-4 every 5 steps: over 50,000 of the 90,000, and held."""
        return GrowingL2() if self.shrink == 1.0 else Ramp(1.0, 5 / 9)


TRANSFORM, PAPER_BATCH = TrainingRecipe(rate=1e-3, decay=5e-4, batch=64), 128


def paper_recipe(steps: int) -> TrainingRecipe:
    """Of the trainings in the source's code: .1, a tenth of it after a half, a hundredth after three quarters."""
    return TrainingRecipe(rate=0.1, decay=5e-4, batch=PAPER_BATCH, milestones=(steps // 2, steps * 3 // 4))


def paper_rst(density: float, rows: int, *, shrink: float = 1.0, cycles: int = 1, **shared: Any) -> tuple[Rst, Setup]:
    """RST as its code has it: first and last layer dense, ``lambda`` to 1, 90,000 steps at 1e-3, then 200 epochs.

    ``method, setup = paper_rst(0.02, rows)`` and ``run(method, model, data, setup)``. It differs from the source in the
    rounding of counts: to the nearest, where the source rounds up what goes.

    Args:
        density: kept fraction of the layers between the first and the last.
        rows: of the training part, which turn epochs into steps.
        shrink: of all lengths, for a first look.
        cycles: 5 in the iterative variant.
        shared: the fields of ``Setup`` that are left: seeds, basis, device, augment, ...

    Source: Bai et al. 2203.04248, as their published code has it.
    """
    lengths = PaperLengths(shrink)
    final = max(1, round(lengths.final_epochs * (rows // PAPER_BATCH)))
    scope = Scope("layerwise", dense_first=True, dense_last=True)
    method = Rst(density, cycles, lengths.final_epochs, lengths.penalty, scope, TRANSFORM)
    return method, Setup(steps=lengths.steps, recipe=paper_recipe(final), **shared)


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
