"""Edge-popup: weights stay as they were drawn; scores are trained, and the best-scored weights are the network.

Source: Ramanujan et al. 1911.13299 (remembered). ``density`` is the kept fraction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sltk.core.report import Steps
from sltk.train.loop.given import Data
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.state import State
from sltk.train.methods.base import TrainingMethod
from sltk.train.outcome import Outcome
from sltk.train.phases.base import Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.train import Train
from sltk.train.pruning.scopes import LAYERWISE, Scope
from sltk.train.pruning.search import WeightLaw, search_tickets, top_scores, weight_law
from sltk.train.runner import Model, run
from sltk.train.setup import RECIPE, Setup


@dataclass(frozen=True)
class EdgePopup(TrainingMethod):
    """``[Train(scores), Cut]``: no weight, no bias is trained.

    Args:
        density: kept fraction.
        law: of the coefficients: ``own`` keeps the model's; see ``sltk.train.pruning.search``.
        scope: per layer, or ``Scope("global")``.

    Raises:
        SltkError: an unknown law.
    """

    name: ClassVar[str] = "edge-popup"
    density: float = 0.5
    law: WeightLaw = "signed-constant"
    scope: Scope = LAYERWISE

    def __post_init__(self) -> None:
        super().__post_init__()
        weight_law(self.law)

    def prepare(self, state: State) -> None:
        """Freeze everything, draw weights, and give each of them a score to learn."""
        search_tickets(state.replicas, law=self.law, density=self.density, scope=self.scope)

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train scores, cut."""
        recipe, steps = setup.timed(rows)
        refresh = top_scores(self.density, self.scope)
        return [Train(steps, recipe, refresh=refresh, augment=setup.augment), Cut(), Measure("final")]


def edge_popup(
    model: Model,
    data: Data,
    *,
    density: float = 0.5,
    law: WeightLaw = "signed-constant",
    scope: Scope = LAYERWISE,
    basis: str = "canonical",
    seeds: Sequence[int] = (0,),
    epochs: float = 60,
    recipe: TrainingRecipe = RECIPE,
    device: str = "cpu",
    report: Steps | None = None,
) -> Outcome:
    """A strong ticket by search; the arguments are those of ``EdgePopup`` and of ``Setup``."""
    setup = Setup(basis, seeds, epochs, recipe=recipe, device=device, report=report)
    return run(EdgePopup(density, law, scope), model, data, setup)
