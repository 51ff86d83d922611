"""``Prune`` writes masks, and gates unless it is soft; ``Open`` opens both again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from sltk.train.loop.state import State
from sltk.train.pruning.followers import Follow, follow
from sltk.train.pruning.scopes import GLOBAL, Scope, choose
from sltk.train.pruning.scores import Score, magnitude


@dataclass(frozen=True)
class Prune:
    """Choose masks of a density within the masks so far.

    Args:
        density: kept fraction of the numbers that the scope covers.
        score: of the coefficients; ``magnitude`` by default.
        scope: over which they compete.
        soft: leave the gate open; a penalty or a cut comes later.
        followers: arms that take their masks from the arm ``ticket`` of their seed; see ``pruning.followers``.
    """

    density: float
    score: Score = magnitude
    scope: Scope = GLOBAL
    soft: bool = False
    followers: Mapping[str, Follow] = field(default_factory=dict)

    def run(self, state: State) -> None:
        """Write masks, and gates unless soft."""
        tickets = state.replicas.tickets
        covered = {name: tickets[name] for name in self.scope.covered(list(tickets))}
        scores = self.score(state, covered)
        alive = {n: torch.where(t.mask, scores[n].detach(), -torch.inf) for n, t in covered.items()}
        for name, mask in choose(self.scope, tickets, alive, self.density).items():
            tickets[name].mask.copy_(mask)
        follow(state.replicas, covered, self.followers)
        if not self.soft:
            for ticket in covered.values():
                ticket.gate.copy_(ticket.mask)


@dataclass(frozen=True)
class Open:
    """Masks and gates all open again: the next ``Prune`` chooses among all coefficients."""

    def run(self, state: State) -> None:
        """Open them."""
        for ticket in state.replicas.tickets.values():
            ticket.mask.fill_(True)
            ticket.gate.fill_(True)
