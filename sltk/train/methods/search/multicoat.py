"""Multicoated supermasks: several nested masks over one frozen random network, added up.

A weight that lies under ``k`` of ``n`` masks counts ``k`` times, so that weights of one size become weights of ``n``
sizes, and nothing is trained but scores. With one coat it is edge-popup.

Source: Okoshi et al., Multicoated Supermasks Enhance Hidden Networks, ICML 2022 (remembered). Here the masks have the
densities ``d/n, 2 d/n, ..., d`` of one ranking, and weights are scaled so that their mean square stays.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.loop.state import State
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.phases.base import Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.press import Press
from sltk.train.phases.train import Train
from sltk.train.pruning.coats import coat_tickets, top_coats
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Multicoat(EdgePopup):
    """``[Train(scores), Cut, Press]``: no weight, no bias is trained.

    Args:
        density: kept fraction, of the widest mask.
        law: of the coefficients; see ``sltk.train.pruning.search``.
        scope: per layer, or ``Scope("global")``.
        coats: ``n``.

    Raises:
        SltkError: an unknown law, or no coat.
    """

    name: ClassVar[str] = "multicoat"
    coats: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.coats < 1:
            raise SltkError(f"coats must be at least 1, but got {self.coats}.")

    def prepare(self, state: State) -> None:
        """Freeze everything, draw weights, and give each of them a score to learn and coats to wear."""
        super().prepare(state)
        coat_tickets(state.replicas, self.coats)

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train scores, cut, write the coats into the weights."""
        recipe, steps = setup.timed(rows)
        refresh = top_coats(self.density, self.scope, self.coats)
        train = Train(steps, recipe, refresh=refresh, augment=setup.augment)
        return [train, Cut(), Press(), Measure("final")]
