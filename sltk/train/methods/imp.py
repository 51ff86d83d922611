"""Iterative magnitude pruning with rewinding, in any basis.

Train to ``theta_T``; among the survivors drop the coefficients of smallest size; put the rest back to what they were
after ``rewind`` steps; train again. ``rewind = 0`` is the original lottery ticket; ``weights=False`` rewinds the rate
alone.

Source: Frankle, Carbin 1803.03635; 1912.05671 (rewinding); 2003.02389 (rates), all remembered. In other bases:
Keysers et al. 2107.06825, of which only the abstract could be read, so that the protocol is this project's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.core.report import Steps
from sltk.train.bases import is_blind
from sltk.train.loop.given import Data
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.base import TrainingMethod
from sltk.train.outcome import Outcome
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.rewind import Anchor, Rewind
from sltk.train.phases.train import Train
from sltk.train.pruning.followers import LEADER, Follow
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.pruning.scores import Score, magnitude, random
from sltk.train.runner import Model, run
from sltk.train.setup import RECIPE, Setup


@dataclass(frozen=True)
class Imp(TrainingMethod):
    """``[Anchor, Train] + n x [Prune, Rewind, Train]``, with a ``Measure`` after each training, labelled by the round.

    Args:
        density: kept fraction after the last round.
        rounds: of pruning, in equal shares of the survivors.
        rewind: steps after which the anchor is stored.
        weights: whether a rewind restores weights, or the rate alone.
        scope: over which coefficients compete.
        score: that they compete by; default their magnitude, and chance in a basis where all of them start at 0.
        densities: after each round, in place of equal shares; the last is ``density``.
        followers: further arms, by name, that take their masks from the ticket of their seed; see
            ``sltk.train.pruning.followers``. One named ``reinitialised`` starts from another network.

    Raises:
        SltkError: no round, or densities that end elsewhere.
    """

    name: ClassVar[str] = "imp"
    density: float = 0.02
    rounds: int = 10
    rewind: int = 0
    weights: bool = True
    scope: Scope = GLOBAL
    score: Score | None = None
    densities: tuple[float, ...] = ()
    followers: Mapping[str, Follow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.densities and self.densities[-1] != self.density:
            raise SltkError(f"densities must end with density={self.density}, but got {self.densities}.")
        if self.rewind < 0:
            raise SltkError(f"rewind is a number of steps, at least 0, but got {self.rewind}.")

    @property
    def arms(self) -> tuple[str, ...]:
        """The ticket and its followers."""
        return (LEADER, *self.followers)

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train, then prune, rewind and train in each round."""
        recipe, steps = setup.timed(rows)
        train = Train(steps - self.rewind, recipe, start=self.rewind, augment=setup.augment)
        found: list[Phase] = [*self._first(train), Measure("0")]
        score = self.score or (random if is_blind(setup.basis) else magnitude)
        for place, density in enumerate(self.densities or to_density(self.density, self.rounds), 1):
            prune = Prune(density, score, self.scope, followers=self.followers)
            found += [prune, Rewind("start", self.weights), train, Measure(str(place))]
        return found

    def _first(self, train: Train) -> Phases:
        """The first training, in two parts where the anchor lies within it."""
        if not self.rewind:
            return [Anchor("start"), train]
        return [replace(train, steps=self.rewind, start=0), Anchor("start"), replace(train, fresh=False)]


def imp(
    model: Model,
    data: Data,
    *,
    density: float = 0.02,
    rounds: int = 10,
    rewind: int = 0,
    scope: Scope = GLOBAL,
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: float = 20,
    recipe: TrainingRecipe = RECIPE,
    device: str = "cpu",
    report: Steps | None = None,
) -> Outcome:
    """IMP to ``density`` in ``rounds`` rounds; the arguments are those of ``Imp`` and of ``Setup``."""
    setup = Setup(basis, seeds, epochs, recipe=recipe, device=device, report=report)
    return run(Imp(density, rounds, rewind, scope=scope), model, data, setup)
