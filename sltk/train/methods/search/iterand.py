"""IteRand: edge-popup whose closed weights are drawn anew now and then, so that a smaller network is enough.

What it finds is no ticket of a source that was fixed beforehand: the weights that are kept were drawn at different
times, after looks at the data, so no certificate of a source speaks of it.

Source: Chijiwa et al. 2106.09269 (remembered): a tenth of the closed weights, at equal intervals.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.redraw import Redraw
from sltk.train.phases.train import Train
from sltk.train.pruning.search import top_scores
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Iterand(EdgePopup):
    """``[Train(scores)] + n x [Redraw, Train(scores)] + [Cut]``, one training in all.

    Args:
        density: kept fraction.
        law: ``signed-constant`` or ``kaiming``.
        scope: per layer, or ``Scope("global")``.
        every: steps between two redraws.
        share: of the closed weights that is drawn anew each time.

    Raises:
        SltkError: an unknown law, the law ``own``, numbers out of range, or a training too short for one redraw.
    """

    name: ClassVar[str] = "iterand"
    every: int = 100
    share: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        Redraw(self.share, self.law, self.density)
        if self.every < 1:
            raise SltkError(f"every is a number of steps, at least 1, but got {self.every}.")

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train scores and redraw in turn, cut."""
        recipe, steps = setup.timed(rows)
        if self.every >= steps:
            raise SltkError(f"weights are redrawn every {self.every} steps, which is never in {steps}; lower every.")
        refresh = top_scores(self.density, self.scope)
        found: list[Phase] = []
        for begun in range(0, steps, self.every):
            if begun:
                found.append(Redraw(self.share, self.law, self.density))
            part = min(self.every, steps - begun)
            train = Train(part, recipe, start=begun, fresh=not begun, refresh=refresh, augment=setup.augment)
            found.append(train)
        return [*found, Cut(), Measure("final")]
